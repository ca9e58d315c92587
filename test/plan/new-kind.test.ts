/** The claim of `docs/how-to/add-a-resource.md`: a kind is written once; everything that happens to it follows from the table. */
import { differences } from '../../shared/kit/differences.js';
import type { Spec } from '../../shared/model/ledger.js';
import { backwards, heldAfter, type Move, moves, specOf, verbOf } from '../../shared/plan/moves.js';
import { type Stage, stage } from '../../shared/plan/plan.js';
import { tableOf } from '../../shared/resources/index.js';
import { resource, type WriteContext, written } from '../../shared/resources/resource.js';
import type { ResourceServices } from '../../shared/resources/services.js';
import { flat, type ToySpec, toyKind } from './toys.js';

/** A world of lamps, and the one file that a new kind is. */
const world = new Map<string, { size: number; maker: string }>();
const lamp = resource<ToySpec, unknown>({
  ...toyKind('lamp'),
  title: ({ id }) => `Light ${id}`,
  read: async ({ id, owner }) => {
    const body = world.get(id);
    return body && { body, owner };
  },
  write: async ({ id, size }) => {
    world.set(id, { size, maker: 'the world adds this' });
    return written;
  },
  remove: async ({ id }) => {
    world.delete(id);
    return 'removed';
  },
});
const TABLE = tableOf([lamp], []);

const lit = (name: string, size: number) => lamp(`lamp-${name}`, { id: `/lamps/${name}`, owner: 'team-toys', size });
const planOf = (...lamps: ReturnType<typeof lit>[]): Stage[] => [stage(...lamps.map((one) => [one]))];
const services = {} as ResourceServices;

/** What the engine does with a step, without everything that makes it safe. */
async function walk(all: readonly Move[], direction: 'forward' | 'back') {
  for (const move of all) {
    const kind = TABLE.resources.get(move.kind)!;
    const spec = kind.spec.parse(specOf(move, direction)) as Spec;
    const found = await kind.read(spec, services);
    if (verbOf(move, direction) === 'make') await kind.write(spec, found, services, {} as WriteContext);
    else if (found) await kind.remove(spec, found, services);
  }
}

const shining = () => Object.fromEntries([...world].map(([id, { size }]) => [id, size]));
const first = planOf(lit('a', 1), lit('b', 1));

describe('a kind that was added to the table', () => {
  beforeEach(async () => {
    world.clear();
    await walk(flat(moves([], first, TABLE)), 'forward');
  });

  it('is made', () => {
    expect(shining()).toEqual({ '/lamps/a': 1, '/lamps/b': 1 });
  });

  it('is undone', async () => {
    await walk(flat(backwards(moves([], first, TABLE), () => true)), 'back');
    expect(shining()).toEqual({});
  });

  it('is changed, and changed back', async () => {
    const change = moves(heldAfter(first, TABLE), planOf(lit('a', 2), lit('c', 1)), TABLE);
    await walk(flat(change), 'forward');
    expect(shining()).toEqual({ '/lamps/a': 2, '/lamps/c': 1 });
    await walk(flat(backwards(change, () => true)), 'back');
    expect(shining()).toEqual({ '/lamps/a': 1, '/lamps/b': 1 });
  });

  it('is removed', async () => {
    await walk(flat(moves(heldAfter(first, TABLE), [], TABLE)), 'forward');
    expect(shining()).toEqual({});
  });

  it('is compared', async () => {
    world.set('/lamps/a', { size: 7, maker: 'somebody else' });
    const found = await Promise.all(
      first.flat(2).map(async ({ spec }) => {
        const there = await lamp.read(spec as ToySpec, services);
        return differences(there?.body, lamp.wanted(spec as ToySpec));
      }),
    );
    expect(found).toEqual([['/size'], []]);
  });

  it('is called by its title, and named by its id', () => {
    expect(flat(moves([], planOf(lit('a', 1)), TABLE))).toMatchObject([{ id: 'lamp-a', title: 'Light /lamps/a' }]);
  });
});
