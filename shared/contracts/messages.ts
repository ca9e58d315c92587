/** The messages that hai takes: the request of a ticketing system, and hai's own command to run an operation. */
import { z } from 'zod';

/** Type of a structured CloudEvent on queue `access-requests`; its `data` is the request document. */
export const ACCESS_REQUESTED_TYPE = 'com.contoso.hai.access.requested.v1';

/** Application property that carries the ticket id, in and out. */
export const TICKET_PROPERTY = 'ticket';

/**
 * Ids of other systems are echoed into events and logs, so they are bounded and printable. The host makes numbers of texts that look like one: one
 * whose digits may be others than those that were sent is no id.
 */
export const TicketSchema = z
  .union([z.string(), z.int().nonnegative()])
  .transform(String)
  .pipe(z.string().regex(/^[\x21-\x7e]{1,128}$/, 'printable ASCII without spaces, at most 128 characters'));

export const RequestEventSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(256),
  source: z.string().min(1).max(256),
  type: z.literal(ACCESS_REQUESTED_TYPE),
  datacontenttype: z.string().optional(),
  data: z.union([z.record(z.string(), z.unknown()), z.string()]),
});

/** On queue `operation-commands`, which only hai may send to. */
export const RunOperationSchema = z.object({ operationId: z.string(), attempt: z.int().positive() });
export type RunOperation = z.infer<typeof RunOperationSchema>;

/** The same command always has the same message id, so the broker drops a second one within its window. */
export const commandMessageId = ({ operationId, attempt }: RunOperation): string => `run-${operationId}-${attempt}`;
