import fc from 'fast-check';
import {
  aheadUntilMs,
  type EntryState,
  entryId,
  entryKey,
  holderOf,
  isHeld,
  type LedgerEntry,
} from '../../shared/model/ledger.js';

const NOW = Date.parse('2027-01-01T12:00:00.000Z');
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();
const entryWith = (notes: Record<string, string>) => ({ notes }) as LedgerEntry;

describe('calls that may still land', () => {
  it.each<[string, Record<string, string>[], number | undefined]>([
    ['nothing was ever sent', [], undefined],
    ['everything was answered', [{}, {}], undefined],
    ['a note has passed', [{ a: at(-1) }], undefined],
    ['a note passes now', [{ a: at(0) }], undefined],
    ['a note lies ahead', [{ a: at(30) }], 30],
    ['several do: the last one counts', [{ a: at(30), b: at(50) }, { c: at(40) }], 50],
    ['some have passed', [{ a: at(-30), b: at(20) }], 20],
    ['one cannot be read: the others count', [{ a: 'soon', b: at(20) }], 20],
  ])('are known by their notes when %s', (_what, notes, seconds) => {
    const expected = seconds === undefined ? undefined : NOW + seconds * 1000;
    expect(aheadUntilMs(notes.map(entryWith), NOW)).toBe(expected);
  });

  it('do not count for the run that made them', () => {
    const entries = [entryWith({ own: at(90), other: at(30) })];
    expect(aheadUntilMs(entries, NOW, 'own')).toBe(NOW + 30_000);
    expect(aheadUntilMs([entryWith({ own: at(90) })], NOW, 'own')).toBeUndefined();
  });

  it('are over once the moment that was named has come', () => {
    const seconds = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), seconds)), (all) => {
        const entries = all.map((notes) =>
          entryWith(Object.fromEntries(Object.entries(notes).map(([run, until]) => [run, at(until)]))),
        );
        const until = aheadUntilMs(entries, NOW);
        if (until === undefined) return;
        expect(until).toBeGreaterThan(NOW);
        expect(aheadUntilMs(entries, until - 1)).toBe(until);
        expect(aheadUntilMs(entries, until)).toBeUndefined();
      }),
    );
  });
});

describe('the key of a ledger entry', () => {
  const ID = '/subscriptions/S/resourceGroups/RG/providers/Microsoft.Network/privateDnsZones/z/A/name';

  it('does not depend on the case of the id, which Azure does not keep', () => {
    expect(entryKey('dns-record', ID.toUpperCase())).toBe(entryKey('dns-record', ID));
  });

  it('tells kinds apart at one id', () => {
    expect(entryKey('product', ID)).not.toBe(entryKey('product-policy', ID));
  });

  it('can be the id of a document, whatever it is the key of', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(entryId(entryKey('product-policy', id))).toMatch(/^entry_product-policy-[a-z0-9]{10}$/);
      }),
    );
  });

  it('is one of its own for each thing', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { selector: (id) => id.toLowerCase() }), (ids) => {
        expect(new Set(ids.map((id) => entryKey('product', id))).size).toBe(ids.length);
      }),
    );
  });
});

describe('an entry', () => {
  it.each<[EntryState, boolean]>([
    ['writing', true],
    ['held', true],
    ['foreign', true],
    ['struck', false],
  ])('that is %s says whether something is there, or may be', (state, isThere) => {
    expect(isHeld({ state } as LedgerEntry)).toBe(isThere);
  });

  it('that is not there holds nothing', () => {
    expect(isHeld(undefined)).toBe(false);
  });
});

describe('the holder of a ledger', () => {
  it('is one attempt of one operation going one way', () => {
    const holders = [holderOf('a_1', 1, 'forward'), holderOf('a_1', 1, 'back'), holderOf('a_1', 2, 'forward')];
    expect(new Set([...holders, holderOf('a_2', 1, 'forward')]).size).toBe(4);
    expect(holders[0]).toBe('a_1/1/forward');
  });
});
