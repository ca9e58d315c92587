/** How every adapter reaches Azure: one identity, one Resource Manager endpoint, and no retries of the SDK's own. */
import type { TokenCredential } from '@azure/identity';

export interface AzureConnection {
  credential: TokenCredential;
  azureSubscriptionId: string;
  /** `https://management.azure.com`, or that of a sovereign cloud. */
  armEndpoint: string;
}

/**
 * Options of every Resource Manager client. Retries are off: an SDK waits inside the activity, where it is billed and cannot be seen; here the
 * orchestration waits on a durable timer instead.
 */
export const armOptions = ({ armEndpoint }: AzureConnection) => ({
  endpoint: armEndpoint,
  credentials: { scopes: [`${armEndpoint.replace(/\/$/, '')}/.default`] },
  retryOptions: { maxRetries: 0 },
});
