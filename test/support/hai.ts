/**
 * The harness of the scenarios: world, host and the unmodified app in this Jest process, in explicit time. One story a file; it ends with a
 * look at what is left in Azure.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import { appSettings } from '../../dev/app-settings.js';
import { ROOT, TOPOLOGY_FILE, WORLD_FILE } from '../../dev/paths.js';
import { type ExplicitClock, explicitClock } from '../../local/clock.js';
import { type Host, startHost } from '../../local/host/index.js';
import type { RecordedRequest } from '../../local/world/azure/index.js';
import { readWorldFile } from '../../local/world/resources.js';
import { startWorld, type World, type WorldOptions } from '../../local/world/start.js';
import type { OperationView, TeamView } from '../../shared/contracts/api.js';
import type { CloudEvent } from '../../shared/contracts/events.js';
import { checkAnswer } from './contract.js';

export interface HaiOptions {
  apimActivating?: boolean;
  /** Keeps the state, so that a second start on the same folder continues. */
  dataDir?: string;
  latencies?: WorldOptions['latencies'];
  /** What is there from the start, in place of `dev/world.yaml`. */
  resources?: unknown;
  settings?: Record<string, string>;
}

export interface Answer<Body = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: Body;
}

/** Longest story in world time: shared models have 90 minutes of patience, teams an hour more. */
const STORY_MS = 4 * 3600_000;

export type Hai = Awaited<ReturnType<typeof startHai>>;

export async function startHai(options: HaiOptions = {}) {
  const clock: ExplicitClock = explicitClock();
  /** What was written; reads are left out. */
  const recorded: RecordedRequest[] = [];
  const logs: string[] = [];
  const world: World = await startWorld({
    clock,
    topology: JSON.parse(readFileSync(TOPOLOGY_FILE, 'utf8')),
    resources: options.resources ?? readWorldFile(WORLD_FILE),
    apimActivating: options.apimActivating,
    dataDir: options.dataDir,
    latencies: options.latencies,
    record: (entry) => {
      if (entry.method !== 'GET' && entry.method !== 'HEAD') recorded.push(entry);
    },
  });
  const host: Host = await startHost({
    appRoot: ROOT,
    clock,
    settings: { ...appSettings(world), ...options.settings },
    trustedCaPem: [world.caPem],
    loadApp: () => require('../../functions/main.js'),
    log: (level, category, message) => logs.push(`${level} ${category}: ${message}`),
  });
  const api = `${host.url}/api/v1`;
  const bus = new ServiceBusClient(world.broker.connectionString, { retryOptions: { maxRetries: 0 } });
  const sender = bus.createSender('access-requests');

  async function call<Body>(method: string, url: string, body?: string, headers: Record<string, string> = {}) {
    const full = url.startsWith('http') ? url : `${api}/${url}`;
    const response = await fetch(full, { method, body, headers });
    const text = await response.text();
    const parsed = (text ? JSON.parse(text) : undefined) as Body;
    checkAnswer(method, full, response.status, parsed);
    return { status: response.status, headers: response.headers, body: parsed } satisfies Answer<Body>;
  }

  const hai = {
    clock,
    world,
    host,
    api,
    recorded,
    logs,
    get: <Body = OperationView>(path: string, headers?: Record<string, string>) =>
      call<Body>('GET', path, undefined, headers),
    post: <Body = OperationView>(path: string, document: unknown, headers: Record<string, string> = {}) =>
      call<Body>('POST', path, typeof document === 'string' ? document : JSON.stringify(document), {
        'content-type': 'application/json',
        ...headers,
      }),
    /** Asks by HTTP. */
    request: (document: unknown, headers?: Record<string, string>) => hai.post('access-requests', document, headers),
    /** Asks by message; settles, so that it has been handled. */
    async send(body: unknown, properties: { ticket?: string; messageId?: string; contentType?: string } = {}) {
      const { ticket, messageId = randomUUID(), contentType } = properties;
      await sender.sendMessages({ body, messageId, contentType, applicationProperties: ticket ? { ticket } : {} });
      await clock.settle();
    },
    /** Puts a command on hai's own queue, as a redelivery would. */
    async command(body: unknown) {
      await bus.createSender('operation-commands').sendMessages({ body, messageId: randomUUID() });
      await clock.settle();
    },
    team: async (name: string) => (await hai.get<TeamView>(`teams/${name}`)).body,
    operation: async (id: string) => (await hai.get(`operations/${id}`)).body,
    operations: async () => (await hai.get<{ value: OperationView[] }>('operations')).body.value,
    /** Lets time pass until the operation has ended. */
    async finish(id: string): Promise<OperationView> {
      let operation = await hai.operation(id);
      await clock.runUntil(async () => {
        operation = await hai.operation(id);
        return !['NotStarted', 'Running'].includes(operation.status);
      }, STORY_MS);
      await clock.settle();
      return operation;
    },
    /** Events that are waiting in a subscription; takes them out. */
    async events(subscription: 'tickets' | 'everything' = 'everything'): Promise<CloudEvent[]> {
      const receiver = bus.createReceiver('access-events', subscription, { receiveMode: 'receiveAndDelete' });
      const received: ServiceBusReceivedMessage[] = [];
      while ((await receiver.peekMessages(1)).length > 0)
        received.push(...(await receiver.receiveMessages(100, { maxWaitTimeInMs: 200 })));
      await receiver.close();
      return received.map(({ body }) => body as CloudEvent);
    },
    /** What there is now that was not there at the start. */
    left: () => world.azure.inventory().filter((id) => !initial.has(id)),
    async close() {
      await bus.close();
      await host.close();
      await world.close();
    },
  };
  const initial = new Set(world.azure.inventory());
  return hai;
}
