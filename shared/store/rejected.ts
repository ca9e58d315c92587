/** The rejected inbox: inputs that could not be taken, with the reasons, so that nothing is lost and an operator can answer. */

import { azureCall } from '../azure/azure-error.js';
import type { Problem } from '../model/problem.js';
import { type Containers, withoutSystemFields } from './cosmos.js';

export interface RejectedDocument {
  id: string;
  /** Queue that it came from. */
  queue: string;
  messageId: string;
  ticket?: string;
  problem: Problem;
  /** Start of the input as text; bounded, since an input may be huge. */
  excerpt: string;
  /** How often the message was delivered; more than once for a poison message. */
  deliveryCount: number;
  receivedAt: string;
}

export interface RejectedPage {
  rejected: RejectedDocument[];
  continuation?: string;
}

export function rejectedStore({ rejected }: Containers) {
  return {
    /** Idempotent: the same message is kept once. */
    async keep(document: RejectedDocument): Promise<void> {
      await azureCall('cosmos', 'keep a rejected input', () => rejected.items.upsert(document));
    },

    /** Newest first. */
    async list(pageSize: number, continuation?: string): Promise<RejectedPage> {
      const options = { maxItemCount: pageSize, continuationToken: continuation };
      const feed = rejected.items.query<Record<string, unknown>>('SELECT * FROM c ORDER BY c.receivedAt DESC', options);
      const page = await azureCall('cosmos', 'list rejected inputs', () => feed.fetchNext());
      return {
        rejected: (page.resources ?? []).map((raw) => withoutSystemFields<RejectedDocument>(raw)),
        continuation: page.continuationToken,
      };
    },
  };
}
