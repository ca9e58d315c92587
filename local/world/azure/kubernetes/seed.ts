/** Objects that the resources file says are in the cluster from the start: namespaces above all. */
import type { Azure } from '../azure.js';
import { KINDS } from './kinds.js';
import { createObject, type KubernetesObject, objectKey, readObject } from './objects.js';

export function seedObjects(azure: Azure): void {
  azure.settings.kubernetes.forEach((given, index) => {
    const object = given as KubernetesObject;
    const { name, namespace } = object.metadata;
    const kind = KINDS.find((known) => known.apiVersion === object.apiVersion && known.kind === object.kind);
    if (!kind) {
      const text = `kubernetes.${index}: ${object.apiVersion}/${object.kind} is not simulated`;
      throw new Error(`The resources file is not valid: ${text}`);
    }
    const key = objectKey(kind.plural, kind.namespaced ? namespace : undefined, name);
    if (azure.store.get('meta', `seeded:${key}`) || readObject(azure, key)) return;
    createObject(azure, key, object);
    azure.store.put('meta', `seeded:${key}`, true);
  });
}
