/** The line against the simplest thing that could be right: a list of all operations that ever were, each with what became of it. */
import fc from 'fast-check';
import { enqueue, giveLane, isOvertaken, type Line, leaveLine, type Placed } from '../../shared/model/line.js';
import { placed } from '../support/builders.js';

type Fate = 'waits' | 'lane' | 'done' | 'failed' | 'superseded' | 'dropped';
const LIVES: Fate[] = ['waits', 'lane', 'done'];

class Reference {
  readonly all: { one: Placed; fate: Fate }[] = [];

  place(one: Placed) {
    if (one.kind === 'provision-team-access')
      for (const other of this.#with('waits')) if (other.one.kind === one.kind) other.fate = 'superseded';
    this.all.push({ one, fate: 'waits' });
    this.#give();
  }

  end(id: string, fate: 'done' | 'failed') {
    this.all.find(({ one }) => one.operationId === id)!.fate = fate;
    this.#give();
  }

  isOvertaken(generation: number, exceptId?: string): boolean {
    return this.all.some(
      ({ one, fate }) => one.operationId !== exceptId && one.generation > generation && LIVES.includes(fate),
    );
  }

  get line(): Line {
    const last = (fates: Fate[]) => this.all.findLast(({ fate }) => fates.includes(fate))?.one;
    return { lane: last(['lane']), queue: this.having('waits'), newest: last(LIVES), settled: last(['done']) };
  }

  having(...fates: Fate[]): Placed[] {
    return this.#with(...fates).map(({ one }) => one);
  }

  #with = (...fates: Fate[]) => this.all.filter(({ fate }) => fates.includes(fate));

  #give() {
    for (const next of this.#with('waits')) {
      if (this.#with('lane').length > 0) return;
      const { retryOf, operationId } = next.one;
      const isLate = retryOf !== undefined && this.isOvertaken(retryOf, operationId);
      next.fate = isLate ? 'dropped' : 'lane';
    }
  }
}

/** What the store does with the line, and everybody who left it. */
class Subject {
  line: Line = { queue: [] };
  readonly gone: Placed[] = [];

  place(one: Placed) {
    const { line, superseded } = enqueue(this.line, one);
    this.gone.push(...superseded);
    this.#give(line);
  }

  end(id: string, isDone: boolean) {
    const { lane, queue } = this.line;
    this.gone.push([lane, ...queue].find((one) => one?.operationId === id)!);
    this.#give(leaveLine(this.line, id, isDone));
  }

  #give(before: Line) {
    const { line, starts, dropped } = giveLane(before);
    this.gone.push(...dropped);
    if (starts) expect(line.lane).toEqual(starts);
    this.line = line;
  }
}

const anyStory = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constant('place' as const), isRequest: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('retry' as const), isRequest: fc.boolean(), of: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('end' as const), isDone: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('cancel' as const), of: fc.nat() }) },
  ),
  { maxLength: 25 },
);

function tell(story: ReturnType<typeof anyStory.generate>['value'], look: (was: Subject, is: Reference) => void) {
  const [subject, reference] = [new Subject(), new Reference()];
  for (const event of story) {
    const generation = reference.all.length + 1;
    if (event.does === 'place' || event.does === 'retry') {
      const kind = event.isRequest ? 'provision-team-access' : 'retire-kaito-model';
      const retryOf = event.does === 'retry' ? (event.of % generation) + 1 : undefined;
      if (retryOf === generation) continue;
      const one = placed(generation, { kind, ...(retryOf && { retryOf }) });
      subject.place(one);
      reference.place(one);
    } else {
      const { lane, queue } = reference.line;
      const ends = event.does === 'end' ? lane : queue[event.of % (queue.length || 1)];
      if (!ends) continue;
      const isDone = event.does === 'end' && event.isDone;
      subject.end(ends.operationId, isDone);
      reference.end(ends.operationId, isDone ? 'done' : 'failed');
    }
    look(subject, reference);
  }
}

const always = (look: (was: Subject, is: Reference) => void) =>
  fc.assert(fc.property(anyStory, (story) => tell(story, look)));

describe('a line, whatever happens to it', () => {
  it('is the one that the whole story gives', () =>
    always(({ line }, reference) => {
      const { lane, queue, newest, settled } = line;
      expect({ lane, queue, newest, settled }).toEqual(reference.line);
    }));

  it('loses nobody, and has nobody twice', () =>
    always(({ line, gone }, { all }) => {
      const everywhere = [...(line.lane ? [line.lane] : []), ...line.queue, ...gone];
      const ids = everywhere.map(({ operationId }) => operationId).sort();
      expect(ids).toEqual(all.map(({ one }) => one.operationId).sort());
    }));

  it('stands in the order of coming, one request of it at most', () =>
    always(({ line: { lane, queue } }) => {
      const generations = [...(lane ? [lane] : []), ...queue].map(({ generation }) => generation);
      expect(generations).toEqual([...generations].sort((a, b) => a - b));
      expect(queue.filter(({ kind }) => kind === 'provision-team-access').length).toBeLessThanOrEqual(1);
    }));

  it('never waits at a free lane', () =>
    always(({ line: { lane, queue } }) => {
      if (!lane) expect(queue).toEqual([]);
    }));

  it('knows which failed operation something newer has overtaken', () =>
    always(({ line }, reference) => {
      for (const { generation } of reference.having('failed', 'superseded', 'dropped'))
        expect(isOvertaken(line, generation)).toBe(reference.isOvertaken(generation));
    }));
});
