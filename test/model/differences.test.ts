import fc from 'fast-check';
import { differences } from '../../shared/kit/differences.js';

const sorted = (found: unknown, wanted: unknown) => differences(found, wanted).sort();

describe('the differences between what was found and what is wanted', () => {
  it.each<[string, unknown, unknown, string[]]>([
    ['nothing is wanted', { a: 1 }, undefined, []],
    ['all is as wanted', { a: 1, b: [1, { c: null }] }, { a: 1, b: [1, { c: null }] }, []],
    ['a service has added properties', { a: 1, added: 2, b: { c: 3, added: 4 } }, { a: 1, b: { c: 3 } }, []],
    ['a part is not known yet', { a: 1 }, { a: 1, b: undefined, c: { d: undefined } }, ['/c']],
    ['a value is another', { a: { b: 1 } }, { a: { b: 2 } }, ['/a/b']],
    ['a value is of another type', { a: '1' }, { a: 1 }, ['/a']],
    ['a part is missing', {}, { a: 1, b: { c: 2 } }, ['/a', '/b']],
    ['nothing was found', undefined, { a: 1 }, ['']],
    ['null was found', null, { a: 1 }, ['']],
    ['null is wanted', { a: 0 }, { a: null }, ['/a']],
    ['a list is longer', { a: [1, 2] }, { a: [1] }, ['/a']],
    ['a list is in another order', { a: [1, 2] }, { a: [2, 1] }, ['/a/0', '/a/1']],
    ['a list is wanted and is none', { a: { 0: 1, length: 1 } }, { a: [1] }, ['/a']],
    ['a key has slashes and tildes', {}, { 'a/b~c': 1 }, ['/a~1b~0c']],
    [
      'a key is called like a property of every object',
      {},
      { constructor: 1, toString: 2 },
      ['/constructor', '/toString'],
    ],
    ['a key is __proto__', JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}'), ['/__proto__']],
  ])('are named by path when %s', (_what, found, wanted, paths) => {
    expect(sorted(found, wanted)).toEqual(paths);
  });

  it('are none between a thing and itself, whatever a service adds to it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (value, added) => {
        expect(differences(value, value)).toEqual([]);
        const wanted = { value };
        expect(differences({ ...added, ...wanted }, wanted)).toEqual([]);
      }),
    );
  });

  it('are never told of what is not wanted, and each points to something that is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (found, wanted) => {
        for (const pointer of differences(found, wanted)) expect(at(wanted, pointer)).toBeDefined();
      }),
    );
  });

  it('are found wherever one value is changed', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.nat(), { minKeys: 1 }), fc.nat(), (wanted, n) => {
        const keys = Object.keys(wanted);
        const key = keys[n % keys.length]!;
        const found = Object.fromEntries(keys.map((one) => [one, one === key ? -1 : wanted[one]]));
        expect(differences(found, wanted)).toHaveLength(1);
      }),
    );
  });
});

/** What a JSON pointer points to. */
const at = (value: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((inner, key) => (inner as Record<string, unknown>)[key], value);
