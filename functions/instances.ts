/** What Durable says of an instance, in the words of the take-over. */
import { type DurableClient, OrchestrationRuntimeStatus } from 'durable-functions';
import type { InstanceState } from '../shared/application/take-over.js';

const DEAD = [
  OrchestrationRuntimeStatus.Failed,
  OrchestrationRuntimeStatus.Terminated,
  OrchestrationRuntimeStatus.Completed,
  OrchestrationRuntimeStatus.Canceled,
];

/** An instance that has completed while its operation still moves is as dead as one that failed. */
export async function stateOfInstance(client: DurableClient, instanceId: string): Promise<InstanceState> {
  try {
    const status = await client.getStatus(instanceId);
    if (!status?.runtimeStatus) return 'gone';
    return DEAD.includes(status.runtimeStatus) ? 'dead' : 'alive';
  } catch (error) {
    // The client answers an unknown instance with an error that says so; anything else is no answer, and no reason to act.
    if (/404|not found/i.test(error instanceof Error ? error.message : String(error))) return 'gone';
    throw error;
  }
}
