/**
 * Watching: a request that stays open and is told every change of a collection, one JSON document a line.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import type { Azure } from '../azure.js';
import type { Answer, Request } from '../http.js';
import { StatusError, statusAnswer } from './errors.js';
import { CHANGES_MAX, type Change, changesAfter, type KubernetesObject, listObjects, objectKey } from './objects.js';
import { selectorOf } from './selectors.js';
import type { Target } from './targets.js';

/** Without `timeoutSeconds` the API server ends a watch after 30 to 60 minutes (its `min-request-timeout`). */
const TIMEOUT_DEFAULT_SECONDS = 1_800;

export function watch(azure: Azure, target: Target, request: Request): Answer {
  const { query, signal } = request;
  const current = azure.store.current('resourceVersion');
  const since = Number(query.get('resourceVersion') || 0);
  if (!Number.isInteger(since)) throw new StatusError(400, 'resourceVersion must be a whole number');
  const seconds = Number(query.get('timeoutSeconds') ?? TIMEOUT_DEFAULT_SECONDS);
  const expired = AbortSignal.any([signal, wireTimeout(azure, seconds, signal)]);
  const isTooOld = since > 0 && since < current - CHANGES_MAX;
  const view = new View(azure, target, query);
  const body = isTooOld ? tooOld(since, current) : follow(azure, view, since || current, since === 0, expired);
  return { status: 200, headers: { 'content-type': 'application/json' }, body, isOpenEnded: true };
}

/** Wire time: how long a connection stays open. */
function wireTimeout({ clock }: Azure, seconds: number, signal: AbortSignal): AbortSignal {
  const timeout = new AbortController();
  const timer = clock.wire.after(seconds * 1_000, () => timeout.abort());
  signal.addEventListener('abort', () => timer.cancel(), { once: true });
  return timeout.signal;
}

async function* follow(azure: Azure, view: View, from: number, tellsExisting: boolean, ended: AbortSignal) {
  if (tellsExisting) for (const object of view.existing) yield line('ADDED', object);
  for (let since = from; !ended.aborted; ) {
    const changes = changesAfter(azure, since);
    for (const change of changes) {
      since = Number(change.object.metadata.resourceVersion);
      const type = view.typeOf(change);
      if (type) yield line(type, change.object);
    }
    if (changes.length === 0) await nextCommit(azure, ended);
  }
}

/** The objects that one watch looks at, and those among them that its client knows. */
class View {
  readonly existing: KubernetesObject[];
  readonly #known: Set<string>;
  readonly #prefix: string;
  readonly #matches: (object: KubernetesObject) => boolean;

  constructor(azure: Azure, { kind, name, namespace }: Target, query: URLSearchParams) {
    const selected = selectorOf(query);
    this.#matches = (object) => selected(object) && (name === undefined || object.metadata.name === name);
    this.#prefix = namespace === undefined ? `${kind.plural}/` : `${kind.plural}/${namespace}/`;
    this.existing = listObjects(azure, kind.plural, namespace).filter(this.#matches);
    const keys = this.existing.map(({ metadata }) => objectKey(kind.plural, metadata.namespace, metadata.name));
    this.#known = new Set(keys);
  }

  /** For a client with a selector, an object that begins or ceases to match comes or goes. */
  typeOf({ key, object, type }: Change): Change['type'] | undefined {
    if (!key.startsWith(this.#prefix)) return undefined;
    const wasKnown = this.#known.has(key);
    const isShown = type !== 'DELETED' && this.#matches(object);
    if (isShown) this.#known.add(key);
    else this.#known.delete(key);
    if (isShown) return wasKnown ? type : 'ADDED';
    return wasKnown || (type === 'DELETED' && this.#matches(object)) ? 'DELETED' : undefined;
  }
}

function nextCommit({ store }: Azure, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      store.onCommit.delete(go);
      ended.removeEventListener('abort', go);
      resolve();
    };
    store.onCommit.add(go);
    ended.addEventListener('abort', go);
  });
}

/** Who asks for a version that is forgotten is told so in the stream, and lists again. */
async function* tooOld(since: number, current: number) {
  const { body } = statusAnswer(410, `too old resource version: ${since} (${current})`, 'Expired');
  yield line('ERROR', body);
}

function line(type: string, object: unknown): Buffer {
  return Buffer.from(`${JSON.stringify({ type, object })}\n`);
}
