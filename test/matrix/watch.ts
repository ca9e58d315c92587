/**
 * Sees every call that the app makes to the world, in this one process: at the simulated Azure where faults are chosen, at Cosmos DB where its
 * server takes a request, at the broker where a sender is asked to send. It writes down what a run calls, and spoils the calls of one verb.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { ServiceBusClient } from '@azure/service-bus';
import type { ActiveFault, RequestLine } from '../../local/world/azure/faults.js';
import type { World } from '../../local/world/start.js';
import { azureVerb, busVerb, type Call, cosmosVerb, isRead, type Verb } from './calls.js';
import type { Effect } from './kinds.js';

/** The parts of a run: before its first removal, after it, and the way back. */
export type Section = 'forward' | 'removal' | 'back';

/** Tells, call by call, in which part of the run it is made; undefined for what is not of the run. */
export interface Follower {
  section(call: Call): Section | undefined;
  /** A fault that makes the run go back; asked for every call at the simulated Azure. */
  cause?(call: Call): ActiveFault | undefined;
}

export interface Spoil {
  section: Section;
  verb: Verb;
  effect: Effect;
}

interface Spoiling extends Spoil {
  met: number;
  untilMs: number;
}

/** Answers of Cosmos DB that are lost: its SDK asks once more by itself, so two lose a write for good. */
const LOST_ANSWERS = 2;

export class Watch {
  /** In the order in which they were first made. */
  seen: { section: Section; verb: Verb }[] = [];
  #follower: Follower | undefined;
  #spoiling: Spoiling | undefined;
  #isQuiet = false;

  constructor(
    private readonly world: World,
    private readonly nowMs: () => number,
  ) {
    this.#watchAzure();
    this.#watchCosmos();
    this.#watchBus();
  }

  follow(follower: Follower, spoil?: Spoil): void {
    this.seen = [];
    this.#follower = follower;
    this.#spoiling = spoil && { ...spoil, met: 0, untilMs: Number.NEGATIVE_INFINITY };
  }

  /** How often a call was spoilt, and until when calls will be. */
  get spoilt(): { met: number; untilMs: number } {
    return { met: this.#spoiling?.met ?? 0, untilMs: this.#spoiling?.untilMs ?? Number.NEGATIVE_INFINITY };
  }

  /** Takes the fault away. */
  relent(): void {
    this.#spoiling = undefined;
    this.#clearCosmos();
    for (const name of Object.keys(this.world.broker.faults)) delete this.world.broker.faults[name as 'down'];
  }

  leave(): void {
    this.relent();
    this.#follower = undefined;
  }

  /** For the matrix's own look at the documents: neither seen nor spoilt. */
  async quietly<Result>(run: () => Promise<Result>): Promise<Result> {
    const { faults } = this.world.cosmos;
    const kept = { ...faults };
    this.#clearCosmos();
    this.#isQuiet = true;
    try {
      return await run();
    } finally {
      this.#isQuiet = false;
      Object.assign(faults, kept);
    }
  }

  #clearCosmos(): void {
    const { faults } = this.world.cosmos;
    for (const name of Object.keys(faults)) delete faults[name as 'failNext'];
  }

  /** Writes the call down; true when it is one of those to spoil. */
  #see(call: Call): boolean {
    if (this.#isQuiet || !this.#follower) return false;
    const section = this.#follower.section(call);
    if (!section) return false;
    if (!this.seen.some((one) => one.section === section && one.verb === call.verb))
      this.seen.push({ section, verb: call.verb });
    const spoiling = this.#spoiling;
    if (spoiling?.verb !== call.verb) return false;
    return spoiling.met > 0 || spoiling.section === section;
  }

  /** True while the fault lasts; counts. */
  #meets(): boolean {
    const spoiling = this.#spoiling!;
    const { times, seconds } = spoiling.effect;
    if (times !== undefined && spoiling.met >= times) return false;
    const nowMs = this.nowMs();
    if (spoiling.met === 0) spoiling.untilMs = nowMs + (seconds ?? 0) * 1000;
    if (times === undefined && nowMs >= spoiling.untilMs) return false;
    spoiling.met++;
    return true;
  }

  #watchAzure(): void {
    const { faults } = this.world.azure;
    faults.take = ({ service, method, path }: RequestLine): ActiveFault | undefined => {
      const call = { verb: azureVerb(service, method, path), text: path };
      const cause = this.#follower?.cause?.(call);
      if (cause) return cause;
      if (!this.#see(call)) return undefined;
      const { effect } = this.#spoiling!;
      if (!effect.azure || !this.#meets()) return undefined;
      return { match: {}, hits: 0, ...effect.azure(call.verb) };
    };
    faults.giveBack = () => {
      if (this.#spoiling) this.#spoiling.met--;
    };
  }

  #watchCosmos(): void {
    const { port } = new URL(this.world.cosmos.endpoint);
    subscribe('http.server.request.start', (message) => {
      const { request } = message as { request: IncomingMessage };
      if (!this.#follower || request.socket.localPort !== Number(port)) return;
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      // Before the server's own reader has come to the end.
      request.on('end', () => this.#seeDocument(request, Buffer.concat(chunks).toString('utf8')));
    });
  }

  #seeDocument({ headers, method = '', url = '' }: IncomingMessage, body: string): void {
    if (headers['x-ms-cosmos-is-query-plan-request']) return;
    const verb = cosmosVerb(method, url.split('?', 1)[0]!, body);
    if (!verb || !this.#see({ verb, text: `${headers['x-ms-documentdb-partitionkey'] ?? ''} ${body}` })) return;
    const { effect } = this.#spoiling!;
    const spoiling = this.#spoiling!;
    if (!effect.cosmos || spoiling.met > 0) return;
    spoiling.met++;
    const { faults } = this.world.cosmos;
    if (effect.cosmos === 'lost-answer') {
      faults.loseNextAnswers = LOST_ANSWERS;
      return;
    }
    const failure = effect.cosmos();
    spoiling.untilMs = this.nowMs() + (failure.forSeconds ?? 0) * 1000;
    const operation = isRead(verb) ? (/: list /.test(verb) ? 'query' : 'read') : 'write';
    faults.failNext = { ...failure, operation, container: 'access' };
  }

  #watchBus(): void {
    const { prototype } = ServiceBusClient;
    const { createSender } = prototype;
    const watch = this;
    prototype.createSender = function (this: ServiceBusClient, entity, options) {
      const sender = createSender.call(this, entity, options);
      const send = sender.sendMessages.bind(sender);
      sender.sendMessages = (...message) => {
        for (const does of ['send', 'receive'] as const) watch.seeMessage(does, entity);
        return send(...message);
      };
      return sender;
    };
  }

  /** What is sent to a queue of hai's is received by it, too; a topic is received by others. */
  seeMessage(does: 'send' | 'receive', entity: string): void {
    const isReceived = does === 'send' || entity !== 'access-events';
    if (!isReceived || !this.#see({ verb: busVerb(does, entity), text: '' })) return;
    const spoiling = this.#spoiling!;
    if (!spoiling.effect.bus || spoiling.met > 0) return;
    spoiling.met++;
    const faults = spoiling.effect.bus(entity, does);
    const [outage] = Object.values(faults.down ?? {});
    spoiling.untilMs = this.nowMs() + (outage?.forSeconds ?? 0) * 1000;
    Object.assign(this.world.broker.faults, faults);
  }
}
