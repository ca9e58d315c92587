/**
 * What is asked for, story by story: each is about one team (two, where they share a model) and waits for its own end. Chance decides by which
 * door, how often again, and when.
 */
import type { OperationView } from '../../shared/contracts/api.js';
import { GROUP, model, request } from '../support/builders.js';
import { type Ask, type Asks, until } from './asks.js';
import type { Platform } from './platform.js';
import { pause, type Random } from './random.js';

export interface Stage {
  asks: Asks;
  platform: Platform;
  chance: Random;
  /** What must hold and does not. */
  complain(what: string): void;
}

/** Names the teams of one story. */
type Story = (stage: Stage, name: string) => Promise<void>;

interface Wish {
  tokensPerMinute?: number;
  models?: string[];
  kaito?: string[];
  members?: object[];
}

const wish = (name: string, { tokensPerMinute = 1000, models = ['gpt-4.1'], kaito = [], members }: Wish) => {
  const of = (names: string[]) => ({ models: names.map((one) => model(one, { tokensPerMinute })) });
  return request(`team-${name}`, {
    ...(members && { members }),
    models: { ...(models.length > 0 && { foundry: of(models) }), ...(kaito.length > 0 && { kaito: of(kaito) }) },
  });
};

const door = (chance: Random): Ask['door'] => (chance.chance(0.5) ? 'http' : 'bus');
const other = (used: Ask['door']): Ask['door'] => (used === 'http' ? 'bus' : 'http');

const endOf = async ({ asks }: Stage, asked: Ask): Promise<OperationView> => asks.ended(await asks.operationOf(asked));

/** A team asks, others ask for the same, it changes its mind once or twice, and old requests come again when everything is over. */
const changes: Story = async (stage, name) => {
  const { asks, chance } = stage;
  const first = wish(name, { ...(chance.chance(0.5) && { members: [GROUP] }) });
  const asked = [await asks.ask(door(chance), first)];
  await pause(chance.between(0, 2_000));
  asked.push(await asks.ask(other(asked[0]!.door), first));
  for (let change = 1; chance.chance(0.6) && change <= 2; change++) {
    if (chance.chance(0.5)) await endOf(stage, asked.at(-1)!);
    else await pause(chance.between(0, 1_500));
    const models = chance.chance(0.5) ? ['gpt-4.1', 'gpt-5.2'] : ['gpt-4.1'];
    asked.push(await asks.ask(door(chance), wish(name, { models, tokensPerMinute: 1000 + change })));
  }
  for (const one of asked) await endOf(stage, one);
  for (const one of asked) await asks.repeat(one);
};

/** Two teams share a model, which is deployed for whoever comes first. */
const shares: Story = async (stage, name) => {
  const { asks, chance } = stage;
  const teams = [`${name}-a`, `${name}-b`].map((team) => wish(team, { kaito: ['mistral-7b'], members: [GROUP] }));
  const asked = [await asks.ask('http', teams[0]!)];
  await pause(chance.between(0, 1_000));
  asked.push(await asks.ask('bus', teams[1]!), await asks.ask('bus', teams[0]!));
  for (const one of asked) await endOf(stage, one);
};

/** A team has a model for itself and gives it up; after a grace nobody has it, and its GPU goes. */
const leaves: Story = async (stage, name) => {
  const { asks } = stage;
  await endOf(stage, await asks.ask('http', wish(name, { kaito: ['phi-4'] })));
  await endOf(stage, await asks.ask('bus', wish(name, {})));
  await until('phi-4 to be retired', 1_000, async () => {
    const { value } = await asks.get<{ value: { name: string; deployment?: { phase: string } }[] }>('models');
    return value.find((one) => one.name === 'phi-4')?.deployment?.phase === 'Absent' || undefined;
  });
};

/** A team asks, cancels, and asks for it again. */
const cancels: Story = async (stage, name) => {
  const { asks, chance, complain } = stage;
  const asked = await asks.ask(door(chance), wish(name, { models: ['gpt-4.1', 'gpt-5.2'], members: [GROUP] }));
  const id = await asks.operationOf(asked);
  await pause(chance.between(0, 1_800));
  const { status } = await asks.post(`operations/${id}/cancel`, {});
  const operation = await asks.ended(id);
  if (status < 300 && operation.status === 'Succeeded') complain(`${id} was canceled (${status}), and succeeded`);
  if (operation.status === 'Canceled') await retry(stage, operation);
  await asks.repeat(asked);
};

/** A team's account is refused; when the reason is gone, it is tried again. */
const fails: Story = async (stage, name) => {
  const { asks, platform, chance } = stage;
  const fault = { name, kind: 'answer', match: { method: 'PUT', path: `/accounts/foundry-${name}` }, answer: REFUSAL };
  await control(platform, 'POST', 'faults', fault);
  const asked = await asks.ask(door(chance), wish(name, { members: [GROUP] }));
  const operation = await endOf(stage, asked);
  await control(platform, 'DELETE', `faults?name=${name}`);
  // A world that was killed has forgotten the fault.
  if (operation.status === 'Failed') await retry(stage, operation);
  await asks.repeat(asked);
};

/** The only thing that the world refuses. */
export const REFUSAL = { status: 400, code: 'InsufficientQuota' };

const control = ({ outside }: Platform, method: string, route: string, body?: unknown) =>
  until(`the world to take ${method} ${route}`, 200, () =>
    fetch(`${outside.controlUrl}/${route}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    }).then(
      ({ ok }) => ok || undefined,
      () => undefined,
    ),
  );

/** A retry has no key: one whose answer was lost is a conflict with itself, and is found by what it repeats. */
async function retry({ asks, complain }: Stage, ended: OperationView): Promise<void> {
  const { status, body } = await asks.post(`operations/${ended.id}/retry`, {});
  if (status !== 202 && status !== 409) complain(`The retry of ${ended.id} was answered ${status}: ${body.status}`);
  const { value } = await asks.get<{ value: OperationView[] }>(`operations?team=${ended.subject}&maxpagesize=200`);
  const repeats = value.filter(({ retryOf }) => retryOf === ended.id);
  if (repeats.length !== 1) return complain(`${ended.id} was repeated by ${repeats.length} operations`);
  const operation = await asks.ended(repeats[0]!.id);
  if (operation.status !== 'Succeeded') complain(`${operation.id}, a retry, ended ${operation.status}`);
}

/** Those that a run must have come first; then more of the same until nobody is killed any more. */
const FIRST: readonly Story[] = [leaves, shares, cancels, fails];
const MORE: readonly Story[] = [changes, changes, changes, cancels, fails, shares];
/** Stories under way at once: enough for every moment to meet some, few enough for two cores. */
const AT_ONCE = 4;

/** Tells stories until `isOver`, and waits for the last ones. */
export async function tellStories(
  stage: Omit<Stage, 'chance'>,
  chanceOf: (story: string) => Random,
  isOver: () => boolean,
): Promise<void> {
  let told = 0;
  const teller = async (): Promise<void> => {
    while (!isOver() || told < FIRST.length) {
      const number = told++;
      const chance = chanceOf(`story ${number}`);
      const story = FIRST[number] ?? chance.pick(MORE);
      try {
        await story({ ...stage, chance }, `s${number}`);
      } catch (error) {
        stage.complain(`Story ${number} (${story.name}): ${error instanceof Error ? error.message : error}`);
      }
    }
  };
  await Promise.all([...Array.from({ length: AT_ONCE }, teller), insist(stage.asks, chanceOf('insisting'), isOver)]);
}

/** Real milliseconds between two requests that are sent once more. */
const INSIST_MS = 250;

/** Callers who send again and again what they have sent, with its key or message id: new requests, and old ones whose team has moved on. */
async function insist(asks: Asks, chance: Random, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await pause(chance.between(0, 2 * INSIST_MS));
    const candidates = chance.chance(0.6) ? asks.all.slice(-10) : asks.all;
    if (candidates.length > 0) await asks.repeat(chance.pick(candidates));
  }
}
