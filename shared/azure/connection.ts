/** How every adapter reaches Azure: one identity, one Resource Manager endpoint, no retries and no redirects of the SDK's own. */
import type { TokenCredential } from '@azure/identity';
import { onlyReadable } from './readable.js';

export interface AzureConnection {
  credential: TokenCredential;
  /** Where counts and quotas are read; everything else is named by its full id. */
  azureSubscriptionId: string;
  /** `https://management.azure.com`, or that of a sovereign cloud. */
  armEndpoint: string;
  /** The longest that one function of an adapter takes, its token included: shorter than the host lets a function run. */
  callDeadlineSeconds: number;
}

/**
 * Options of every client. Retries are off: an SDK waits inside the activity, where it is billed and cannot be seen; here the orchestration
 * waits on a durable timer instead. A redirect would carry headers and body somewhere else.
 */
export const clientOptions = {
  retryOptions: { maxRetries: 0 },
  redirectOptions: { maxRetries: 0 },
  additionalPolicies: [{ policy: onlyReadable, position: 'perRetry' as const }],
};

/** Options of every Resource Manager client. */
export const armOptions = ({ armEndpoint }: AzureConnection) => ({
  ...clientOptions,
  endpoint: armEndpoint,
  credentials: { scopes: [`${armEndpoint.replace(/\/$/, '')}/.default`] },
});

/** Makes a client at its first use and keeps it: one for each Azure subscription, or vault. */
export function keyed<Client>(make: (key: string) => Client): (key: string) => Client {
  const made = new Map<string, Client>();
  return (key) => {
    const client = made.get(key) ?? make(key);
    made.set(key, client);
    return client;
  };
}
