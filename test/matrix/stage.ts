/**
 * One world with one host that many cells share: each has subjects of its own. Limits are wide enough for hundreds of teams and models, and calls
 * without an answer are given up soon, since a call's deadline is real time.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Container, CosmosClient } from '@azure/cosmos';
import { ServiceBusClient } from '@azure/service-bus';
import { parse, stringify } from 'yaml';
import { ROOT, WORLD_FILE } from '../../dev/paths.js';
import { services } from '../../functions/wiring.js';
import { Tokens } from '../../local/world/azure/tokens.js';
import { readWorldFile } from '../../local/world/resources.js';
import type { CloudEvent } from '../../shared/contracts/events.js';
import type { OperationDocument } from '../../shared/model/operation.js';
import { isAtRest } from '../../shared/model/operation.js';
import type { SharedModels } from '../../shared/resources/services.js';
import { type Hai, startHai } from '../support/hai.js';
import { Watch } from './watch.js';

/** Long enough for any answer of a local server, also while another shard works; short, since each silence costs it. */
const CALL_SECONDS = 1;

/** GPU size of every model of the matrix. */
export const INSTANCE_TYPE = 'Standard_NC24ads_A100_v4';

/** Models that a stage may deploy, one after another. */
const MODELS = 400;

const MANY = 100_000;

/** Longer than what the app keeps of the world: tokens, and how to reach the cluster. */
const FORGETS_MS = 11 * 60_000;

/** So short that a run asks for tokens at its beginning and again on its way: in a day's token it would hardly ever be seen. */
const TOKEN_SECONDS = 240;

/** Every cell begins at the same second of a minute, so that what a timer does falls into each run at the same place. */
const BEGINS_AT_SECOND = 45;

/** World time between two looks at operations of which nothing was heard. */
const LOOK_MS = 60_000;

/** Nothing that is under way may take longer: six hours of being busy, and the way back. */
const REST_MS = 14 * 3600_000;

export type Document = Record<string, unknown> & { id: string; type?: string };

export class Stage {
  readonly events: CloudEvent[] = [];
  #subjects = 0;
  #models = 0;

  private constructor(
    readonly hai: Hai,
    readonly watch: Watch,
    private readonly access: Container,
    private readonly bus: ServiceBusClient,
  ) {}

  static async open(): Promise<Stage> {
    shortenTokens();
    const hai = await startHai({
      resources: wideWorld(),
      settings: {
        HAI_CONFIG_DIR: configFolder(),
        HAI_CALL_DEADLINE_SECONDS: String(CALL_SECONDS),
        HAI_FOUNDRY_ACCOUNTS_MAX: String(MANY),
        // Nothing of a run: it costs two links a minute.
        'AzureWebJobs.drain-dead-letters.Disabled': 'true',
      },
    });
    const { cosmos, broker } = hai.world;
    const client = new CosmosClient({ endpoint: cosmos.endpoint, key: cosmos.key });
    const bus = new ServiceBusClient(broker.connectionString);
    const watch = new Watch(hai.world, hai.clock.now);
    const stage = new Stage(hai, watch, client.database('hai').container('access'), bus);
    bus.createReceiver('access-events', 'everything', { receiveMode: 'receiveAndDelete' }).subscribe({
      processMessage: async ({ body }) => void stage.events.push(body as CloudEvent),
      processError: async () => {},
    });
    return stage;
  }

  /** The app's own door to the models, behind which a step of a team's operation stands. */
  get sharedModels(): SharedModels {
    return services().sharedModels;
  }

  /** A name that no subject of this stage has had. */
  newSlug(): string {
    return `x${String(++this.#subjects).padStart(4, '0')}x`;
  }

  newModel(): string {
    return modelName(++this.#models);
  }

  /** Lets time pass to where a run may begin; `forgets`: so long that what the app keeps of the world is asked anew. */
  async align(forgets: boolean): Promise<void> {
    const second = (this.hai.clock.now() / 1000) % 60;
    const waitMs = ((BEGINS_AT_SECOND - second + 60) % 60) * 1000;
    await this.hai.clock.advance(waitMs + (forgets ? FORGETS_MS : 0));
    this.events.length = 0;
    this.hai.logs.length = 0;
    this.hai.recorded.length = 0;
  }

  /** Asks until it is taken, as a client does that is told to try again: the same key, so it is one request. */
  async ask(document: unknown): Promise<string> {
    const key = { 'idempotency-key': this.newSlug() };
    return this.#untilTaken(async () => {
      const { status, body } = await this.hai.request(document, key);
      if (status >= 300 && status < 500) throw new Error(`The request was refused: ${JSON.stringify(body)}`);
      return status < 300 ? body.id : undefined;
    });
  }

  /** Sends until it is taken, as a ticketing system does. */
  async send(document: unknown, ticket: string): Promise<void> {
    const message = { ticket, messageId: `m-${ticket}` };
    await this.#untilTaken(() =>
      this.hai.send(document, message).then(
        () => true,
        () => undefined,
      ),
    );
  }

  async #untilTaken<Answer>(send: () => Promise<Answer | undefined>): Promise<Answer> {
    for (let tries = 0; tries < 100; tries++) {
      const answer = await send();
      if (answer !== undefined) return answer;
      await this.hai.clock.advance(10_000);
    }
    throw new Error('It was not taken within 1000 seconds');
  }

  /** Lets time pass until it has ended or waits for a person; false when it takes too long. */
  async rest(id: string): Promise<boolean> {
    const { clock, logs } = this.hai;
    let lookMs = clock.now() + LOOK_MS;
    let read = logs.length;
    const heard = () => {
      const news = logs.slice(read);
      read = logs.length;
      return news.some((line) => line.includes('Operation ended'));
    };
    const isDone = async () => {
      if (!heard() && clock.now() < lookMs) return false;
      lookMs = clock.now() + LOOK_MS;
      const operation = await this.operation(id);
      return operation !== undefined && isAtRest(operation.phase);
    };
    try {
      await clock.runUntil(isDone, REST_MS);
      return true;
    } catch (error) {
      if (/^Not done after/.test((error as Error).message)) return false;
      throw error;
    }
  }

  operation(id: string): Promise<OperationDocument | undefined> {
    const partition = id.slice(0, id.lastIndexOf('_'));
    return this.watch.quietly(async () => (await this.access.item(id, partition).read<OperationDocument>()).resource);
  }

  /** Everything in a subject's partition. */
  documents(partition: string): Promise<Document[]> {
    return this.watch.quietly(async () => {
      const { resources } = await this.access.items
        .query<Document>('SELECT * FROM c', { partitionKey: partition })
        .fetchAll();
      return resources;
    });
  }

  async document(partition: string, id: string): Promise<Document | undefined> {
    return this.watch.quietly(async () => (await this.access.item(id, partition).read<Document>()).resource);
  }

  async change(partition: string, document: Document): Promise<void> {
    await this.watch.quietly(() => this.access.item(document.id, partition).replace(document));
  }

  /** Forgets a subject's documents, so that the lists that the sweep reads stay short. */
  async forget(partition: string): Promise<void> {
    const documents = await this.documents(partition);
    await this.watch.quietly(async () => {
      for (let from = 0; from < documents.length; from += BATCH)
        await this.access.items.batch(
          documents.slice(from, from + BATCH).map(({ id }) => ({ operationType: 'Delete' as const, id })),
          partition,
        );
    });
  }

  inventory(): Set<string> {
    return new Set(this.hai.world.azure.inventory());
  }

  async close(): Promise<void> {
    await this.bus.close();
    await this.hai.close();
  }
}

/** Operations of one transaction. */
const BATCH = 100;

const modelName = (index: number): string => `m${String(index).padStart(4, '0')}m`;

/** A catalog with enough models for one deployment each. */
function configFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'hai-matrix-'));
  const read = (name: string) => parse(readFileSync(path.join(ROOT, 'config', name), 'utf8'));
  const catalog = read('model-catalog.yaml');
  catalog.kaito = Array.from({ length: MODELS }, (_, index) => ({
    name: modelName(index + 1),
    enabled: true,
    preset: 'phi-4',
    servedName: 'phi-4',
    instanceType: INSTANCE_TYPE,
    staticAddress: `10.20.${1 + Math.floor(index / 200)}.${10 + (index % 200)}`,
  }));
  writeFileSync(path.join(folder, 'model-catalog.yaml'), stringify(catalog));
  writeFileSync(path.join(folder, 'guardrails.yaml'), stringify({ ...read('guardrails.yaml'), gpuPoolsMax: MANY }));
  return folder;
}

function wideWorld(): unknown {
  const file = readWorldFile(WORLD_FILE) as { network: object };
  const limits = { foundryAccounts: MANY, products: MANY, gpuNodes: MANY };
  // Older releases of KAITO leave the node pool of a Workspace, which makes one call more.
  return { ...file, limits, kaitoLeavesPools: true, network: { ...file.network, modelsPrefix: '10.20.0.0/16' } };
}

function shortenTokens(): void {
  const { issue } = Tokens.prototype;
  Tokens.prototype.issue = function (this: Tokens, objectId: string, audience: string) {
    const { token, expiresOn } = issue.call(this, objectId, audience);
    return { token, expiresOn: expiresOn - DAY_SECONDS + TOKEN_SECONDS };
  };
}

const DAY_SECONDS = 24 * 3600;
