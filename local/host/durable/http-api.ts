/**
 * The Durable HTTP API, for the client binding and for people. The client calls it over the loopback for everything it does.
 * Reference: https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api
 */
import { type HostReply, type HostRequest, jsonReply, textReply } from '../http/reply.js';
import type { InstanceFilter, InstanceRow } from '../store.js';
import { type DurableAddresses, WEBHOOK_PATH } from './addresses.js';
import { isFinished } from './context.js';
import { entityId } from './entity-requests.js';
import { DurableApiError, type Instances } from './instances.js';
import { statusView } from './status-view.js';

/** Instances on one page of a list, as on Azure. */
const PAGE_SIZE = 100;

/** How long a start may wait for its result: `timeout` of the create-and-wait address, in seconds. */
const WAIT_SECONDS_MAX = 600;

const CONTINUATION = 'x-ms-continuation-token';

export class DurableHttpApi {
  constructor(
    private readonly instances: Instances,
    private readonly addresses: DurableAddresses,
  ) {}

  async answer(request: HostRequest): Promise<HostReply> {
    const path = request.url.pathname.slice(WEBHOOK_PATH.length).split('/').filter(Boolean).map(decodeURIComponent);
    try {
      return (await this.#route(request, path)) ?? textReply(404, 'No such durable task address.');
    } catch (error) {
      if (error instanceof DurableApiError) return textReply(error.status, error.message);
      throw error;
    }
  }

  async #route(request: HostRequest, [collection, first, second, third]: string[]): Promise<HostReply | undefined> {
    const { method } = request;
    const route = `${method} ${collection?.toLowerCase()}`;
    if (route === 'POST orchestrators' && first) return this.#start(request, first, second);
    if (route === 'GET instances') return first ? this.#status(request, first) : this.#list(request);
    if (route === 'DELETE instances') return first ? this.#purge(first) : this.#purgeMatching(request);
    if (route === 'POST instances' && first && second) return this.#act(request, first, second.toLowerCase(), third);
    if (collection?.toLowerCase() === 'entities' && first && second) return this.#entity(request, first, second);
    return undefined;
  }

  async #start(request: HostRequest, name: string, id: string | undefined): Promise<HostReply> {
    const query = request.url.searchParams;
    const timeoutSeconds = Number(query.get('timeout') ?? 0);
    const started = await this.instances.start({
      name,
      id,
      input: readJson(request),
      version: query.get('version') ?? undefined,
    });
    if (timeoutSeconds > 0) {
      const waitMs = Math.min(timeoutSeconds, WAIT_SECONDS_MAX) * 1000;
      const row = await this.instances.waitForEnd(started, waitMs);
      if (row.status === 'Completed') return { ...jsonReply(200, null), body: row.output ?? 'null' };
      if (isFinished(row.status))
        return jsonReply(row.status === 'Failed' ? 500 : 200, statusView(row, { showInput: true }));
    }
    return this.#started(started, request.url.origin);
  }

  #started(id: string, origin: string): HostReply {
    const { rewindPostUri, ...links } = this.addresses.management(id, origin);
    return jsonReply(202, links, { location: links.statusQueryGetUri, 'retry-after': '10' });
  }

  #status({ url }: HostRequest, id: string): HostReply {
    const row = this.instances.find(id);
    const query = url.searchParams;
    const view = statusView(row, {
      showInput: query.get('showInput') !== 'false',
      history: isTrue(query.get('showHistory')) ? this.instances.history(id) : undefined,
      showHistoryOutput: isTrue(query.get('showHistoryOutput')),
    });
    if (!isFinished(row.status)) {
      const location = this.addresses.management(id, url.origin).statusQueryGetUri;
      return jsonReply(202, view, { location, 'retry-after': '5' });
    }
    const asError = row.status === 'Failed' && isTrue(query.get('returnInternalServerErrorOnFailure'));
    return jsonReply(asError ? 500 : 200, view);
  }

  #list({ url, headers }: HostRequest): HostReply {
    const query = url.searchParams;
    const limit = Math.min(Number(query.get('top')) || PAGE_SIZE, PAGE_SIZE);
    const afterId = Buffer.from(headers[CONTINUATION] ?? '', 'base64url').toString();
    const rows: InstanceRow[] = this.instances.list({ ...readFilter(query), afterId, limit: limit + 1 });
    const page = rows.slice(0, limit);
    const next: Record<string, string> =
      rows.length > limit ? { [CONTINUATION]: Buffer.from(page.at(-1)!.id).toString('base64url') } : {};
    const showInput = query.get('showInput') !== 'false';
    return jsonReply(
      200,
      page.map((row) => statusView(row, { showInput })),
      next,
    );
  }

  async #purge(id: string): Promise<HostReply> {
    await this.instances.purge(id);
    return jsonReply(200, { instancesDeleted: 1 });
  }

  async #purgeMatching({ url }: HostRequest): Promise<HostReply> {
    const filter = readFilter(url.searchParams);
    if (filter.createdFromMs === undefined)
      throw new DurableApiError(400, "Please provide value for 'createdTimeFrom' parameter.");
    const instancesDeleted = await this.instances.purgeMatching(filter);
    return instancesDeleted > 0 ? jsonReply(200, { instancesDeleted }) : jsonReply(404, { instancesDeleted });
  }

  async #act(request: HostRequest, id: string, operation: string, eventName: string | undefined): Promise<HostReply> {
    const reason = request.url.searchParams.get('reason') ?? '';
    const newIdWanted = request.url.searchParams.get('restartWithNewInstanceId') ?? 'true';
    switch (operation) {
      case 'raiseevent':
        if (!eventName) throw new DurableApiError(400, 'The name of the event is missing.');
        if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
          throw new DurableApiError(400, 'Only application/json request content is supported.');
        await this.instances.raiseEvent(id, eventName, readJson(request));
        break;
      case 'terminate':
        await this.instances.terminate(id, reason);
        break;
      case 'suspend':
        await this.instances.suspend(id, reason);
        break;
      case 'resume':
        await this.instances.resume(id, reason);
        break;
      case 'rewind':
        await this.instances.rewind(id, reason);
        break;
      case 'restart':
        return this.#started(await this.instances.restart(id, isTrue(newIdWanted)), request.url.origin);
      default:
        throw new DurableApiError(404, `No such operation: "${operation}".`);
    }
    return { status: 202 };
  }

  /** An empty key is written `$`. */
  async #entity(request: HostRequest, name: string, keyInPath: string): Promise<HostReply> {
    const key = keyInPath === '$' ? '' : keyInPath;
    if (request.method === 'GET') {
      const state = this.instances.entityState(entityId(name, key));
      if (state === undefined) return textReply(404, `Entity "${name}" with key "${key}" does not exist.`);
      return { ...jsonReply(200, null), body: state ?? 'null' };
    }
    const op = request.method === 'DELETE' ? 'delete' : (request.url.searchParams.get('op') ?? '');
    await this.instances.signalEntity(name, key, op, readJson(request) ?? undefined);
    return { status: 202 };
  }
}

/** The body as JSON text, null if there is none. 400 if it is not JSON. */
function readJson({ body }: HostRequest): string | null {
  const text = body.toString('utf8').trim();
  if (text === '') return null;
  try {
    JSON.parse(text);
  } catch (error) {
    throw new DurableApiError(400, `Invalid JSON content: ${(error as Error).message}`);
  }
  return text;
}

function readFilter(query: URLSearchParams): Omit<InstanceFilter, 'limit'> {
  return {
    createdFromMs: readTime(query, 'createdTimeFrom'),
    createdToMs: readTime(query, 'createdTimeTo'),
    statuses: query.get('runtimeStatus')?.split(',').filter(Boolean),
    idPrefix: query.get('instanceIdPrefix') ?? undefined,
  };
}

function readTime(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (!text) return undefined;
  const epochMs = Date.parse(text);
  if (Number.isNaN(epochMs)) throw new DurableApiError(400, `'${name}' is not a time: "${text}".`);
  return epochMs;
}

function isTrue(text: string | null): boolean {
  return text?.toLowerCase() === 'true';
}
