import type { MessageFields } from '../../local/world/broker/engine/message.js';
import { sqlAction } from '../../local/world/broker/filters/sql-action.js';
import { sqlFilter } from '../../local/world/broker/filters/sql-filter.js';

const MESSAGE: MessageFields = {
  subject: 'access.failed',
  messageId: 'm1',
  applicationProperties: {
    region: 'eu',
    amount: 150,
    share: 0.5,
    urgent: true,
    'a b': 'x',
    note: '100%',
    at: new Date(5),
  },
};

describe('an SQL filter', () => {
  it.each([
    "region = 'eu'",
    "user.region <> 'us' AND amount >= 150",
    "sys.Label = 'access.failed' and SYS.messageid = 'm1'",
    'amount > 100.5 OR missing = 1',
    'share < 1e0 AND amount != -1',
    "region IN ('us', 'eu')",
    "NOT (region = 'us')",
    "region NOT IN ('us')",
    "sys.Subject LIKE 'access.f_iled'",
    "sys.Label LIKE 'access%' AND sys.Label NOT LIKE '%ready'",
    "note LIKE '100!%' ESCAPE '!'",
    'missing IS NULL AND region IS NOT NULL',
    'EXISTS(region) AND NOT EXISTS(missing)',
    "[a b] = 'x' AND \"a b\" = 'x'",
    'urgent AND urgent = TRUE',
    "region = 'us' OR region = 'eu' AND amount = 150",
    'at = 5',
    'TRUE',
    '1=1',
    'amount + 50 = 200 AND amount - 50 = 100 AND amount*2 = 300 AND amount / 3 = 50 AND amount % 7 = 3',
    '(amount + 50) * 2 = 400 AND amount + 50 * 2 = 250 AND -(amount) < 0',
    "region + '-west' = 'eu-west'",
    "property('region') = 'eu' AND p('a' + ' b') = 'x'",
    "newid() LIKE '________-____-____-____-____________' AND newid() <> newid()",
    '(region) IS NOT NULL AND amount > (100)',
  ])('matches: %s', (expression) => {
    expect(sqlFilter(expression)(MESSAGE)).toBe(true);
  });

  it.each([
    "region = 'EU'",
    "missing = 'x'",
    "NOT (missing = 'x')",
    "missing <> 'x'",
    "amount = '150'",
    "sys.CorrelationId LIKE '%'",
    'missing NOT IN (1)',
    "region = 'eu' AND missing = 1",
    "(region = 'us' OR region = 'eu') AND amount = 1",
    "note LIKE '100_'  AND region LIKE 'e.'",
    'amount',
    'amount + region > 1',
    'missing + 1 > 0',
    'missing = NULL',
  ])('does not match: %s', (expression) => {
    expect(sqlFilter(expression)(MESSAGE)).toBe(false);
  });

  it.each([
    ['', 'Expected a property name at character 1'],
    ['region = ', 'Expected a property name'],
    ["region = 'open", 'Unexpected character at character 10'],
    ['a = 1 b', 'Expected the end at character 7'],
    ['(a = 1', 'Expected ")"'],
    ['sys.Nothing = 1', 'Expected user.<name> or sys.<'],
    ['a LIKE 5', "Expected a string in '...'"],
    ['a NOT 5', 'Expected LIKE or IN'],
    ['a IS 5', 'Expected NULL'],
    ['lower(a) = 1', 'Expected newid() or property(<name>) at character 1'],
    ['a = (1 + 2', 'Expected ")"'],
    ['a = 1; DROP', 'Expected the end at character 6'],
    ['a'.repeat(1_025), 'Longer than 1024 characters'],
  ])('is refused with the place of the error: %s', (expression, problem) => {
    expect(() => sqlFilter(expression)).toThrow(problem);
  });
});

describe('an SQL action', () => {
  it('is evaluated statement by statement, each seeing the ones before it', () => {
    const action = sqlAction(
      "SET user.a = amount + 1; SET b = a * 2; REMOVE region; SET c = region IS NULL; SET sys.To = 'x';",
    );
    expect(action(MESSAGE)).toEqual({
      system: { to: 'x' },
      application: { a: 151, b: 302, region: undefined, c: true },
    });
    expect(MESSAGE.applicationProperties['region']).toBe('eu');
  });

  it.each([
    ['', 'Expected SET or REMOVE at character 1'],
    ['SET a', 'Expected "="'],
    ['SET a = 1 SET b = 2', 'Expected ";" or the end at character 11'],
    ['SET sys.Nothing = 1', 'Expected user.<name> or sys.<'],
    ['REMOVE 5', 'Expected a property name'],
    [Array.from({ length: 33 }, () => 'REMOVE a').join(';'), 'More than 32 statements'],
  ])('is refused with the place of the error: %s', (text, problem) => {
    expect(() => sqlAction(text)).toThrow(problem);
  });
});
