/**
 * The objects of the cluster and the bookkeeping every one has: uid, resourceVersion, generation, deletion marks. Pure state; who may write
 * what is decided by `service.ts`, what follows from it by the controllers.
 */
import { type Azure, mintGuid } from '../azure.js';

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: { uid: string; [field: string]: unknown }[];
  [field: string]: unknown;
}

/** `services/kaito-models/mistral-7b`; cluster-scoped objects have `-` for a namespace. */
export function objectKey(plural: string, namespace: string | undefined, name: string): string {
  return `${plural}/${namespace ?? '-'}/${name}`;
}

export function readObject({ store }: Azure, key: string): KubernetesObject | undefined {
  return store.get<KubernetesObject>('objects', key);
}

/** All objects of a plural, in one namespace or in all. */
export function listObjects({ store }: Azure, plural: string, namespace?: string): KubernetesObject[] {
  return store.list<KubernetesObject>('objects', namespace === undefined ? `${plural}/` : `${plural}/${namespace}/`);
}

/** First write of an object. */
export function createObject(azure: Azure, key: string, object: KubernetesObject): KubernetesObject {
  const metadata = {
    ...object.metadata,
    uid: mintGuid(azure),
    generation: 1,
    creationTimestamp: timestamp(azure.clock.now()),
  };
  return saveObject(azure, key, { ...object, metadata });
}

/** Any later write; every one gets a new resourceVersion. */
export function saveObject(azure: Azure, key: string, object: KubernetesObject): KubernetesObject {
  const saved = recordChange(azure, readObject(azure, key) ? 'MODIFIED' : 'ADDED', key, object);
  azure.store.put('objects', key, saved);
  return saved;
}

/** What a watch tells of one write. */
export interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  key: string;
  object: KubernetesObject;
}

/** Changes that can still be told; who is behind by more lists again. The API server's cache begins with 100 for each kind. */
export const CHANGES_MAX = 500;

/** Gives the object the next version and keeps the change under it. */
function recordChange({ store }: Azure, type: Change['type'], key: string, object: KubernetesObject): KubernetesObject {
  const version = store.next('resourceVersion');
  const changed = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
  store.put('changes', changeKey(version), { type, key, object: changed } satisfies Change);
  store.delete('changes', changeKey(version - CHANGES_MAX));
  return changed;
}

/** Later than `version`, oldest first. */
export function changesAfter({ store }: Azure, version: number): Change[] {
  return store.after<Change>('changes', changeKey(version));
}

/** Keys are compared as texts. */
function changeKey(version: number): string {
  return String(Math.max(version, 0)).padStart(15, '0');
}

export function removeObject(azure: Azure, key: string): void {
  const gone = readObject(azure, key);
  azure.store.delete('objects', key);
  if (!gone) return;
  recordChange(azure, 'DELETED', key, gone);
  // The garbage collector: what an object owns goes with it.
  for (const plural of ['pods', 'services']) {
    for (const owned of listObjects(azure, plural, gone.metadata.namespace)) {
      const isOwned = owned.metadata.ownerReferences?.some(({ uid }) => uid === gone.metadata.uid);
      if (isOwned) removeObject(azure, objectKey(plural, owned.metadata.namespace, owned.metadata.name));
    }
  }
}

/** Marks an object that finalizers hold: everything else about it, conditions included, stays as it was. */
export function markDeleted(azure: Azure, key: string, object: KubernetesObject): KubernetesObject {
  const deletionTimestamp = timestamp(azure.clock.now());
  const metadata = { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 };
  return saveObject(azure, key, { ...object, metadata });
}

export function withFinalizer({ metadata, ...object }: KubernetesObject, finalizer: string): KubernetesObject {
  const { finalizers = [] } = metadata;
  const all = finalizers.includes(finalizer) ? finalizers : [...finalizers, finalizer];
  return { ...object, metadata: { ...metadata, finalizers: all } } as KubernetesObject;
}

/** A controller is done with an object, which goes when it was the last that held it. Another object of that name is not meant. */
export function dropFinalizer(azure: Azure, key: string, uid: unknown, finalizer: string): void {
  const object = readObject(azure, key);
  if (!object || object.metadata.uid !== uid) return;
  const finalizers = (object.metadata.finalizers ?? []).filter((held) => held !== finalizer);
  if (finalizers.length === 0 && object.metadata.deletionTimestamp) removeObject(azure, key);
  else saveObject(azure, key, { ...object, metadata: { ...object.metadata, finalizers } });
}

/** Kubernetes tells time in whole seconds. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** How many events are kept; a cluster forgets them after an hour. */
const EVENTS_MAX = 200;

/** Tells what happened to an object, as `kubectl describe` shows it. */
export function recordEvent(
  azure: Azure,
  about: KubernetesObject,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
) {
  const { name, namespace, uid } = about.metadata;
  const events = listObjects(azure, 'events');
  for (const { metadata } of events.slice(0, Math.max(0, events.length - EVENTS_MAX + 1))) {
    removeObject(azure, objectKey('events', metadata.namespace, metadata.name));
  }
  const serial = azure.store.next('event').toString(16).padStart(12, '0');
  const now = timestamp(azure.clock.now());
  createObject(azure, objectKey('events', namespace, `${name}.${serial}`), {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${serial}`, namespace },
    involvedObject: { apiVersion: about.apiVersion, kind: about.kind, name, namespace, uid },
    type,
    reason,
    message,
    count: 1,
    firstTimestamp: now,
    lastTimestamp: now,
    source: { component: 'simulator' },
  });
}
