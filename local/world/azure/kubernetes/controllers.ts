/** Which controller reacts to which object; the API server calls these after each accepted write, inside its transaction. */
import type { Azure } from '../azure.js';
import type { ActiveFault } from '../faults.js';
import { beginWorkspace, endWorkspace, holdWorkspace, kaitoSteps, requireUnchangeable } from './kaito.js';
import {
  endLoadBalancer,
  loadBalancerSteps,
  needsSync,
  syncLoadBalancer,
  withServiceDefaults,
} from './load-balancer.js';
import { type KubernetesObject, markDeleted, removeObject } from './objects.js';

export function startControllers(azure: Azure): void {
  kaitoSteps(azure);
  loadBalancerSteps(azure);
}

/** What the API server fills in before an object is stored. */
export function withDefaults(azure: Azure, object: KubernetesObject, before?: KubernetesObject): KubernetesObject {
  return object.kind === 'Service' ? withServiceDefaults(azure, object, before) : object;
}

/** Controllers are quick, and yet later than the answer: what they write makes a new version of what was created. */
export function onCreated(azure: Azure, object: KubernetesObject, fault?: ActiveFault): void {
  if (object.kind === 'Workspace') beginWorkspace(azure, object, fault);
  if (object.kind === 'Service') syncLoadBalancer(azure, object, fault);
}

/** Throws what an admission webhook refuses. */
export function onUpdated(azure: Azure, object: KubernetesObject, before: KubernetesObject): void {
  if (object.kind === 'Workspace') {
    requireUnchangeable(object, before);
    holdWorkspace(azure, object);
  }
  if (object.kind === 'Service' && needsSync(object, before)) syncLoadBalancer(azure, object);
}

/** Marks the object where a finalizer holds it, or removes it at once. Returns what is left of it. */
export function onDeleted(
  azure: Azure,
  key: string,
  object: KubernetesObject,
  fault?: ActiveFault,
): KubernetesObject | undefined {
  if (object.metadata.deletionTimestamp) return object;
  if (!object.metadata.finalizers?.length) {
    removeObject(azure, key);
    return undefined;
  }
  const marked = markDeleted(azure, key, object);
  if (object.kind === 'Workspace') endWorkspace(azure, marked, fault);
  if (object.kind === 'Service') endLoadBalancer(azure, marked, fault);
  return marked;
}
