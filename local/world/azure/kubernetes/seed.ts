/** Objects that the resources file says are in the cluster from the start: namespaces above all. */
import type { Azure } from '../azure.js';
import { KINDS } from './kinds.js';
import { createObject, type KubernetesObject, listObjects, objectKey, readObject, removeObject } from './objects.js';

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

/** Namespaces that every cluster has. */
const OWN_NAMESPACES = ['default', 'kube-system'];

/** A new cluster has its own namespaces and those of the file: the control plane may not create any. */
export function ensureNamespaces(azure: Azure): void {
  const given = azure.settings.kubernetes
    .filter(({ kind }) => kind === 'Namespace')
    .map(({ metadata }) => metadata.name);
  for (const name of [...OWN_NAMESPACES, ...given]) {
    const key = objectKey('namespaces', undefined, name);
    if (!readObject(azure, key)) createObject(azure, key, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
}

/** What was in a cluster goes with it. */
export function forgetObjects(azure: Azure): void {
  for (const { plural } of KINDS) {
    for (const { metadata } of listObjects(azure, plural)) {
      removeObject(azure, objectKey(plural, metadata.namespace, metadata.name));
    }
  }
}
