/** Pieces that the body schemas of all resource providers share. */
import { z } from 'zod';

/** Sent back by careless clients after a GET; the service ignores it. */
export const readOnly = z
  .unknown()
  .optional()
  .transform(() => undefined);

/** What ARM knows of every resource and a body may repeat. */
export const envelope = { id: readOnly, name: readOnly, type: readOnly, etag: readOnly, systemData: readOnly };

/** At most 50 tags, values to 256 characters. https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources */
export const tags = z
  .record(z.string().max(512), z.string().max(256))
  .refine((value) => Object.keys(value).length <= 50, 'at most 50 tags');

export const identity = z.strictObject({
  type: z.enum(['None', 'SystemAssigned', 'UserAssigned', 'SystemAssigned, UserAssigned']),
  userAssignedIdentities: z.record(z.string(), z.looseObject({})).optional(),
  principalId: readOnly,
  tenantId: readOnly,
});

export const location = z.string().min(1);
