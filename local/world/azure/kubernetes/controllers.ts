/** Which controller reacts to which object; the API server calls these after each accepted write, inside its transaction. */
import type { Azure } from '../azure.js';
import type { ActiveFault } from '../faults.js';
import { beginWorkspace, deleteWorkspace, kaitoSteps, requireUnchangeable } from './kaito.js';
import { deleteService, loadBalancerSteps, syncLoadBalancer, withServiceDefaults } from './load-balancer.js';
import { type KubernetesObject, removeObject } from './objects.js';

export function startControllers(azure: Azure): void {
  kaitoSteps(azure);
  loadBalancerSteps(azure);
}

/** What the API server fills in before an object is stored. */
export function withDefaults(azure: Azure, object: KubernetesObject, before?: KubernetesObject): KubernetesObject {
  return object.kind === 'Service' ? withServiceDefaults(azure, object, before) : object;
}

export function onCreated(azure: Azure, object: KubernetesObject, fault?: ActiveFault): KubernetesObject {
  if (object.kind === 'Workspace') return beginWorkspace(azure, object, fault);
  return object.kind === 'Service' ? syncLoadBalancer(azure, object, fault) : object;
}

export function onUpdated(azure: Azure, object: KubernetesObject, before: KubernetesObject): KubernetesObject {
  if (object.kind === 'Workspace') requireUnchangeable(object, before);
  return object.kind === 'Service' ? syncLoadBalancer(azure, object) : object;
}

/** Marks the object where a finalizer holds it, or removes it at once. Returns what the API shows of it. */
export function onDeleted(azure: Azure, key: string, object: KubernetesObject, fault?: ActiveFault): KubernetesObject {
  if (object.kind === 'Workspace') return deleteWorkspace(azure, object, fault);
  if (object.kind === 'Service') return deleteService(azure, object, fault);
  removeObject(azure, key);
  return object;
}
