/**
 * The processes whose calls are spoilt: how a subject comes to where the process begins, what begins it, which of the calls are its own, and what
 * makes it go back as late as possible.
 */
import { MODEL_DOCUMENT_ID } from '../../shared/model/shared-model.js';
import { TEAM_DOCUMENT_ID } from '../../shared/model/team.js';
import { GROUP, model, request } from '../support/builders.js';
import type { Call } from './calls.js';
import type { Stage } from './stage.js';
import type { Follower, Section } from './watch.js';

/** Whom one run is about: a team, or a shared model. */
export interface Subjects {
  slug?: string;
  model?: string;
}

export interface Process {
  name: string;
  title: string;
  /** Its parts, in the order in which they are tables. */
  sections: readonly Section[];
  /** Brings a subject to where the process begins. */
  prepare(stage: Stage): Promise<Subjects>;
  /** Begins it and answers the operation to wait for. */
  begin(stage: Stage, subjects: Subjects): Promise<string>;
  rules(subjects: Subjects): Rules;
  /** The process that can begin with what a recovered run leaves. */
  leads?: string;
  /** What went back can be taken for the next run. */
  beginsAnew?: true;
}

/** Which calls belong to a run, and where it turns. */
interface Rules {
  isOurs(call: Call): boolean;
  /** Its first call; absent: from the request on. */
  isFirst?(call: Call): boolean;
  /** Its last call, if it ends before the operation does. */
  isLast?(call: Call): boolean;
  /** What is refused to make it go back; after it everything is the way back. */
  isCause?(call: Call): boolean;
}

/** A second group of the directory. */
const OTHERS = { type: 'Group', objectId: '66666666-7777-8888-9999-000000000000' };

const wish = (slug: string, members: object[], foundry: string[], kaito: string[]) =>
  request(`team-${slug}`, {
    members,
    models: {
      ...(foundry.length > 0 && { foundry: { models: foundry.map((name) => model(name)) } }),
      ...(kaito.length > 0 && { kaito: { models: kaito.map((name) => model(name)) } }),
    },
  });

/** The model that the teams of a stage share, deployed before the first run that needs it. */
const shared = new WeakMap<Stage, string>();

async function sharedModel(stage: Stage): Promise<string> {
  const known = shared.get(stage);
  if (known) return known;
  const name = stage.newModel();
  await succeeds(stage, await join(stage, name));
  shared.set(stage, name);
  return name;
}

/**
 * Takes a place on a model, as the step of a team's operation does, again and again until the model is deployed for it; answers the deployment.
 * A team of its own would look every ten seconds whether it is done, and its calls are not what the process is about.
 */
function join(stage: Stage, name: string): Promise<string> {
  const partition = `model_${name}`;
  return begun(stage, async () => {
    await stage.sharedModels.join(name, 'somebody').catch(() => {});
    await stage.hai.clock.settle();
    return operationOf(stage, partition, MODEL_DOCUMENT_ID);
  });
}

async function succeeds(stage: Stage, id: string): Promise<void> {
  await stage.rest(id);
  const operation = await stage.operation(id);
  if (operation?.phase !== 'succeeded')
    throw new Error(`A run that prepares ended as ${operation?.phase}: ${JSON.stringify(operation?.error)}`);
}

const operationOf = async (stage: Stage, partition: string, document: string): Promise<string | undefined> =>
  (await stage.document(partition, document))?.['operationId'] as string | undefined;

/** How long the timers, or a redelivered message, may take to begin a process. */
const BEGIN_MINUTES = 60;

async function begun(stage: Stage, find: () => Promise<string | undefined>): Promise<string> {
  for (let minute = 0; minute < BEGIN_MINUTES; minute++) {
    const id = await find();
    if (id) return id;
    await stage.hai.clock.advance(60_000);
  }
  throw new Error(`The process has not begun within ${BEGIN_MINUTES} minutes`);
}

/** What the matrix itself sends is nobody's. The timer looks at all subjects, whatever runs: its calls are rows of one process only. */
const isOfRun = ({ verb }: Call): boolean => verb !== 'Service Bus: send access-requests' && !verb.endsWith(' of all');

/** A model's operation begins by a transaction in its partition. */
const ofModel = ({ model: name }: Subjects): Rules => ({
  isOurs: isOfRun,
  isFirst: ({ verb, text }) => text.startsWith(`["model_${name}"]`) && /: write .*\bplan\b/.test(verb),
});

export const PROCESSES: readonly Process[] = [
  {
    name: 'team',
    title: 'A team gets access to a Foundry model and a shared model',
    sections: ['forward', 'back'],
    async prepare(stage) {
      await sharedModel(stage);
      return { slug: stage.newSlug() };
    },
    begin: async (stage, { slug }) => stage.ask(wish(slug!, [GROUP], ['gpt-4.1'], [await sharedModel(stage)])),
    rules: () => ({
      isOurs: ({ verb }) => verb !== 'Service Bus: send access-requests',
      isCause: ({ verb, text }) => verb === 'Foundry: PUT accounts/projects/connections' && text.endsWith('-kaito'),
    }),
    leads: 'change',
  },
  {
    name: 'ticket',
    title: 'A ticket asks for a team, up to the start',
    sections: ['forward'],
    async prepare(stage) {
      await sharedModel(stage);
      return { slug: stage.newSlug() };
    },
    async begin(stage, { slug }) {
      stage.watch.seeMessage('receive', 'access-requests');
      await stage.send(wish(slug!, [GROUP], ['gpt-4.1'], [await sharedModel(stage)]), `T-${slug}`);
      return begun(stage, () => operationOf(stage, slug!, TEAM_DOCUMENT_ID));
    },
    rules: ({ slug }) => ({
      isOurs: isOfRun,
      isLast: ({ text }) => text.startsWith(`["${slug}"]`) && text.includes('"/claimed"'),
    }),
    leads: 'change',
  },
  {
    name: 'change',
    title: 'A team’s change: other members, one more Foundry model, no shared model any more',
    sections: ['forward', 'removal', 'back'],
    async prepare(stage) {
      const slug = stage.newSlug();
      await succeeds(stage, await stage.ask(wish(slug, [GROUP], ['gpt-4.1'], [await sharedModel(stage)])));
      return { slug };
    },
    begin: (stage, { slug }) => stage.ask(wish(slug!, [OTHERS], ['gpt-4.1', 'gpt-5.2'], [])),
    rules: () => ({ isOurs: isOfRun, isCause: ({ verb }) => verb === 'Foundry: PUT accounts/projects/connections' }),
    beginsAnew: true,
  },
  {
    name: 'deploy',
    title: 'A shared model is deployed',
    sections: ['forward', 'back'],
    prepare: async (stage) => ({ model: stage.newModel() }),
    begin: (stage, { model: name }) => join(stage, name!),
    rules: (subjects) => ({ ...ofModel(subjects), isCause: ({ verb }) => verb === 'Model server: GET models' }),
    leads: 'retire',
  },
  {
    name: 'retire',
    title: 'A shared model that nobody is on any more is retired',
    sections: ['forward', 'removal'],
    async prepare(stage) {
      const name = stage.newModel();
      await succeeds(stage, await join(stage, name));
      return { model: name };
    },
    /** The grace has passed: the documents say so, which saves an hour of timers. */
    async begin(stage, { model: name }) {
      const partition = `model_${name}`;
      const document = (await stage.document(partition, MODEL_DOCUMENT_ID))!;
      const idleSince = new Date(stage.hai.clock.now() - 24 * 3600_000).toISOString();
      await stage.change(partition, { ...document, members: {}, idleSince });
      return begun(stage, async () => {
        const id = await operationOf(stage, partition, MODEL_DOCUMENT_ID);
        return id === document['operationId'] ? undefined : id;
      });
    },
    rules: ofModel,
  },
];

/** What the service says to make a run go back: by its code, or, of a model's own server, that it was not what was expected. */
const CAUSE = 'RefusedSoThatItGoesBack';
export const CAUSES = [CAUSE, 'UnexpectedAnswer'];

/** Tells the parts of a run apart. `goesBack`: the cause is refused until the run has turned. */
export function followerOf({ isOurs, isFirst, isLast, isCause }: Rules, goesBack: boolean): Follower {
  let section: Section | undefined = isFirst ? undefined : 'forward';
  let isOver = false;
  let hasTurned = false;
  return {
    section(call) {
      if (!isOurs(call)) return undefined;
      if (section === 'back' && call.text.includes('"/direction"')) hasTurned = true;
      if (isFirst?.(call)) section ??= 'forward';
      const now = isOver ? undefined : section;
      if (section && call.text.includes('"/pivot"')) section = 'removal';
      if (section && isLast?.(call)) isOver = true;
      return now;
    },
    cause(call) {
      if (!goesBack || hasTurned || !isCause?.(call)) return undefined;
      section = 'back';
      const answer = { status: 400, code: CAUSE };
      return { kind: 'answer', match: {}, hits: 0, answer };
    },
  };
}
