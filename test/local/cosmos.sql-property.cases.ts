import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { Json } from '../../local/world/cosmos/json.js';
import { compileTopQuery } from '../../local/world/cosmos/sql/execute.js';
import { likeMatcher } from '../../local/world/cosmos/sql/like.js';
import { parseQuery } from '../../local/world/cosmos/sql/parser.js';

const query = (text: string, documents: Json[], parameters: Record<string, Json> = {}): Json[] => {
  const values = new Map(Object.entries(parameters));
  return [...compileTopQuery(parseQuery(text), { parameters: values, nowMs: 0 }).run(documents)];
};
const evaluate = (expression: string): Json | undefined => query(`SELECT VALUE ${expression}`, [])[0];

const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom('', 'a', 'B', 'ab', '%'),
);
const documents = fc.array(
  fc.record({ x: scalar, y: scalar }, { requiredKeys: [] }).map((each) => ({ ...each }) as Json),
  { maxLength: 12 },
);
const condition = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc
      .tuple(
        fc.constantFrom('c.x', 'c.y', '1', "'a'", 'null'),
        fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
        fc.constantFrom('c.x', 'c.y', '2', "'ab'", 'true'),
      )
      .map((parts) => parts.join(' ')),
    fc.constantFrom('IS_DEFINED(c.x)', 'c.y', 'c.x IN (1, 2, null)', 'c.y BETWEEN 0 AND 2', "c.x LIKE '%b'"),
    fc
      .tuple(tie('node'), fc.constantFrom('AND', 'OR'), tie('node'))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
    tie('node').map((node) => `NOT (${node})`),
  ),
})).node;

describe('the query language', () => {
  it('splits documents into those that meet a condition, its negation, or neither', () => {
    fc.assert(
      fc.property(documents, condition, (all, text) => {
        const met = query(`SELECT VALUE c FROM c WHERE ${text}`, all);
        const unmet = query(`SELECT VALUE c FROM c WHERE NOT (${text})`, all);
        const neither = query(`SELECT VALUE c FROM c WHERE NOT IS_BOOL(${text})`, all);
        expect([...met, ...unmet, ...neither].map((each) => JSON.stringify(each)).sort()).toEqual(
          all.map((each) => JSON.stringify(each)).sort(),
        );
      }),
    );
  });

  it('obeys the laws of De Morgan, also for undefined', () => {
    fc.assert(
      fc.property(documents, condition, condition, (all, left, right) => {
        const values = (expression: string) => query(`SELECT VALUE [${expression}] FROM c`, all);
        expect(values(`NOT ((${left}) AND (${right}))`)).toEqual(values(`NOT (${left}) OR NOT (${right})`));
      }),
    );
  });

  it('binds operators as tightly as JavaScript does', () => {
    const operand = fc.constantFrom('1', '2', '3', '4');
    const chain = (operators: string[]) =>
      fc
        .tuple(operand, fc.array(fc.tuple(fc.constantFrom(...operators), operand), { maxLength: 4 }))
        .map(([first, rest]) => [first, ...rest.flat()].join(' '));
    const sum = chain(['+', '-', '*', '%']);
    const comparison = fc.tuple(sum, fc.constantFrom('<', '>=', '=', '!='), sum).map((parts) => parts.join(' '));
    const logic = fc
      .array(fc.tuple(comparison, fc.constantFrom(' AND ', ' OR ')), { minLength: 1, maxLength: 4 })
      .map((parts) => `${parts.flat().join('')}false`);
    fc.assert(
      fc.property(logic, (text) => {
        const script = text.replaceAll(' = ', ' === ').replaceAll('AND', '&&').replaceAll('OR', '||');
        expect(evaluate(text)).toBe(runInNewContext(script));
      }),
    );
  });

  it('orders any values totally, without losing one, and DESC is the reverse of ASC', () => {
    fc.assert(
      fc.property(documents, (all) => {
        const ascending = query('SELECT VALUE [c.x] FROM c ORDER BY c.x', all);
        const descending = query('SELECT VALUE [c.x] FROM c ORDER BY c.x DESC', all);
        expect(descending).toEqual([...ascending].reverse());
        expect(ascending).toHaveLength(all.length);
        const rank = (value: Json | undefined) =>
          ['undefined', 'object', 'boolean', 'number', 'string'].indexOf(typeof value);
        const ranks = ascending.map((each) => rank((each as Json[])[0]));
        expect(ranks).toEqual([...ranks].sort((left, right) => left - right));
      }),
    );
  });

  it('gives a value back through a parameter, a literal and a document', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (json) => {
        const value = JSON.parse(JSON.stringify(json)) as Json;
        expect(query('SELECT VALUE @v', [], { '@v': value })).toEqual([value]);
        expect(evaluate(JSON.stringify(value))).toEqual(value);
        expect(query('SELECT VALUE c.v FROM c WHERE c.v = @v', [{ v: value }], { '@v': value })).toEqual([value]);
      }),
    );
  });

  it('matches LIKE as a plain search by definition does', () => {
    const matches = (text: string, pattern: string): boolean => {
      if (pattern === '') return text === '';
      if (pattern[0] === '%')
        return matches(text, pattern.slice(1)) || (text !== '' && matches(text.slice(1), pattern));
      return text !== '' && (pattern[0] === '_' || pattern[0] === text[0]) && matches(text.slice(1), pattern.slice(1));
    };
    const text = (alphabet: string) =>
      fc.array(fc.constantFrom(...alphabet), { maxLength: 7 }).map((letters) => letters.join(''));
    fc.assert(
      fc.property(text('ab.*\\^]'), text('ab%_.*\\^]'), (value, pattern) => {
        expect(likeMatcher()(value, pattern)).toBe(matches(value, pattern));
      }),
    );
  });

  it('answers any text with results or a 400, and never fails otherwise', () => {
    const language = `SELECT * VALUE FROM c . x WHERE = ( ) [ ] { } , : ? ?? AND NOT IN BETWEEN LIKE ORDER BY TOP 1 "s"
      @p JOIN EXISTS ARRAY COUNT LOWER GROUP DISTINCT OFFSET LIMIT AS`;
    const words = fc.constantFrom(...language.split(/\s+/));
    fc.assert(
      fc.property(fc.array(words, { maxLength: 14 }), (tokens) => {
        try {
          query(`SELECT ${tokens.join(' ')}`, [{ x: [1] }], { '@p': 1 });
        } catch (error) {
          expect(error).toMatchObject({ status: 400 });
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
