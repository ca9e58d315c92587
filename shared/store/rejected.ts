/** The rejected inbox: inputs that could not be taken, with the reasons, so that nothing is lost and an operator can answer. */

import type { Page, PageKey } from '../application/store.js';
import { azureCall } from '../azure/azure-error.js';
import type { Problem } from '../model/problem.js';
import type { Containers } from './cosmos.js';
import { readPage } from './page.js';

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

export function rejectedStore({ rejected }: Containers) {
  return {
    /** Idempotent: the same message is kept once. */
    async keep(document: RejectedDocument): Promise<void> {
      await azureCall('cosmos', 'keep a rejected input', () => rejected.items.upsert(document));
    },

    /** Newest first. */
    list: (pageSize: number, after?: PageKey): Promise<Page<RejectedDocument>> =>
      readPage(
        rejected,
        {
          what: 'list rejected inputs',
          select: '*',
          conditions: ['IS_DEFINED(c.receivedAt)'],
          parameters: [],
          keys: ['receivedAt', 'id'],
          isDescending: true,
        },
        pageSize,
        after,
      ),
  };
}
