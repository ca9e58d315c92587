/**
 * Those who ask, by both doors, as careful clients do: a POST that got no answer is repeated with its key, a message that was not acknowledged is
 * sent again with its id. Writes down what each was told.
 */
import { EventEmitter } from 'node:events';
import { ServiceBusClient } from '@azure/service-bus';
import type { OperationView } from '../../shared/contracts/api.js';
import type { CloudEvent } from '../../shared/contracts/events.js';
import type { Platform } from './platform.js';
import { pause } from './random.js';

/** One request by one caller, however often it was sent. */
export interface Ask {
  door: 'http' | 'bus';
  /** Idempotency key, or message id and ticket. */
  key: string;
  document: { metadata: { name: string } };
  /** Operations that answers named; one, if all is well. */
  ids: Set<string>;
  answers: number;
}

export interface Answer {
  status: number;
  body: OperationView;
}

/** Real time between two tries of what got no answer. */
const AGAIN_MS = 100;
const ANSWER_LIMIT_MS = 10_000;
const LOOK_EVERY_MS = 600;
/** Longest that anything may take in the end, in real time. */
const PATIENCE_MS = 300_000;

/** A lost connection is tried again soon; the SDK's own pause is half a minute. */
const RETRIES = { maxRetries: 0, retryDelayInMs: 500, timeoutInMs: 5_000 };

export class Asks {
  readonly all: Ask[] = [];
  /** What hai answered that it must not. */
  readonly complaints: string[] = [];
  /** By ticket, in the order in which they came; one that comes twice is there twice. */
  readonly events = new Map<string, CloudEvent[]>();
  /** `asking`, `answered`, `sent`, `told`: for who wants to kill at that moment. */
  readonly moments = new EventEmitter();
  readonly #bus: ServiceBusClient;

  constructor(private readonly platform: Platform) {
    this.#bus = new ServiceBusClient(platform.outside.connectionString, { retryOptions: RETRIES });
    this.#listen();
  }

  async ask(door: Ask['door'], document: Ask['document']): Promise<Ask> {
    const number = this.all.length + 1;
    const asked: Ask = {
      door,
      key: `${door === 'http' ? 'key' : 'T'}-${number}`,
      document,
      ids: new Set(),
      answers: 0,
    };
    this.all.push(asked);
    await this.repeat(asked);
    return asked;
  }

  /** The same once more: the same key, or the same message. */
  async repeat(asked: Ask): Promise<void> {
    if (asked.door === 'bus') return this.#send(asked);
    const { status, body } = await this.post('access-requests', asked.document, { 'idempotency-key': asked.key });
    if (status === 200 || status === 202) asked.ids.add(body.id);
    else this.complaints.push(`${asked.key} was answered ${status}: ${JSON.stringify(body)}`);
    asked.answers++;
  }

  /** Repeated until somebody answers. */
  async post(route: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return until(`an answer to POST ${route}`, AGAIN_MS, async () => {
      this.moments.emit('asking');
      const answer = await this.#call(route, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
      if (answer) this.moments.emit('answered');
      return answer;
    });
  }

  async get<Body>(route: string): Promise<Body> {
    const answer = await until(`an answer to GET ${route}`, AGAIN_MS, () => this.#call(route, {}));
    if (answer.status !== 200) this.complaints.push(`GET ${route} was answered ${answer.status}`);
    return answer.body as Body;
  }

  /** The operation that answers an ask: a ticket hears of it by its first event. */
  async operationOf(asked: Ask): Promise<string> {
    return until(`an operation for ${asked.key}`, LOOK_EVERY_MS, async () => {
      const [first] = asked.door === 'http' ? asked.ids : operationsIn(this.events.get(asked.key));
      return first;
    });
  }

  async ended(id: string): Promise<OperationView> {
    return until(`the end of ${id}`, LOOK_EVERY_MS, async () => {
      const operation = await this.get<OperationView>(`operations/${id}`);
      return ['NotStarted', 'Running'].includes(operation.status) ? undefined : operation;
    });
  }

  async close(): Promise<void> {
    await this.#bus.close();
  }

  /** Undefined where there is no answer, or none that counts. */
  async #call(route: string, init: RequestInit): Promise<Answer | undefined> {
    try {
      const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
      const response = await fetch(`${this.platform.api}/${route}`, { ...init, signal });
      const body = (await response.json()) as OperationView;
      if (response.status === 503) return undefined;
      return { status: response.status, body };
    } catch {
      return undefined;
    }
  }

  async #send({ key, document }: Ask): Promise<void> {
    const sender = this.#bus.createSender('access-requests');
    const message = { messageId: key, body: document, applicationProperties: { ticket: key } };
    await until(`the bus to take ${key}`, AGAIN_MS, () =>
      sender.sendMessages(message).then(
        () => true,
        () => undefined,
      ),
    );
    this.moments.emit('sent');
    await sender.close();
  }

  #listen(): void {
    const receiver = this.#bus.createReceiver('access-events', 'tickets');
    receiver.subscribe({
      processMessage: async ({ body }) => {
        const event = body as CloudEvent;
        const heard = this.events.get(event.ticket!) ?? [];
        this.events.set(event.ticket!, [...heard, event]);
        this.moments.emit('told');
      },
      // It connects again by itself; what it misses for good is missing at the end.
      processError: async () => {},
    });
  }
}

/** Operations that events name. */
export const operationsIn = (events: readonly CloudEvent[] = []): string[] => [
  ...new Set(events.flatMap(({ data }) => (data as { operationId?: string }).operationId ?? [])),
];

/** Looks until there is something. */
export async function until<Thing>(
  what: string,
  everyMs: number,
  look: () => Promise<Thing | undefined>,
): Promise<Thing> {
  const endsAt = performance.now() + PATIENCE_MS;
  while (performance.now() < endsAt) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(everyMs);
  }
  throw new Error(`Waited ${PATIENCE_MS / 1000} s in vain for ${what}`);
}
