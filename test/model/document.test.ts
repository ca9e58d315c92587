import fc from 'fast-check';
import { DOCUMENT_BYTES_MAX, guessFormat, readDocument } from '../../shared/model/document.js';

const read = (input: string | Uint8Array, format: 'json' | 'yaml') => {
  const result = readDocument(input, format);
  return result.ok ? { value: result.value } : { code: result.problem.code, detail: result.problem.detail };
};
const bytes = (...parts: (string | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)));

describe('a document', () => {
  it('is read as JSON or YAML', () => {
    expect(read('{"a":[1,{"b":null}]}', 'json')).toEqual({ value: { a: [1, { b: null }] } });
    expect(read('a:\n  - 1\n  - b: ~ # comment\n', 'yaml')).toEqual({ value: { a: [1, { b: null }] } });
  });

  it.each([
    ['JSON with a trailing comma', '{"a":1,}', 'json', 'JSON'],
    ['JSON that ends early', '{"a":', 'json', 'Unexpected end of JSON input'],
    ['a key that stands twice', '{"a":1,"a":2}', 'json', 'stands twice'],
    ['a key that stands twice in another spelling', '{"a":1,"\\u0061":2}', 'json', 'stands twice'],
    ['YAML that is badly indented', 'a: 1\n b: 2', 'yaml', 'line'],
    ['YAML with an alias', 'a: &x [1]\nb: *x', 'yaml', 'not allowed'],
    ['YAML with an anchor alone', 'a: &x 1', 'yaml', 'anchors'],
    ['YAML with a tag', 'a: !!js/function "x"', 'yaml', 'tag'],
    ['YAML with a key that stands twice', 'a: 1\na: 2', 'yaml', 'unique'],
    ['a key that is not a string', '? [a]\n: 1', 'yaml', 'keys must be plain strings'],
    ['two documents', 'a: 1\n---\nb: 2', 'yaml', 'it holds 2 documents'],
    ['a document and garbage', 'a: 1\n---\n{{{', 'yaml', 'line'],
    ['deep JSON', '['.repeat(60_000), 'json', 'JSON'],
    ['deep JSON that is right', `${'['.repeat(40)}${']'.repeat(40)}`, 'json', 'deeper than 32'],
    ['deep flow YAML', '['.repeat(60_000), 'yaml', 'deeper than 32'],
    [
      'deep block YAML',
      Array.from({ length: 60 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      'yaml',
      'deeper than 32',
    ],
    ['ten thousand levels', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 'json', 'deeper than 32'],
  ] as const)('is malformed when it is %s', (_what, text, format, words) => {
    expect(read(text, format)).toMatchObject({ code: 'malformed-document', detail: expect.stringContaining(words) });
  });

  it('has a largest size, counted in bytes', () => {
    const text = JSON.stringify('ü'.repeat(DOCUMENT_BYTES_MAX / 2 - 1));
    expect(read(text, 'json')).toHaveProperty('value');
    expect(read(`${text} `, 'json')).toMatchObject({ code: 'too-large' });
  });

  it('may begin with a byte order mark, as text and as bytes', () => {
    for (const format of ['json', 'yaml'] as const) {
      expect(read('\uFEFF{"a":1}', format)).toEqual({ value: { a: 1 } });
      expect(read(bytes([0xef, 0xbb, 0xbf], '{"a":1}'), format)).toEqual({ value: { a: 1 } });
    }
    expect(guessFormat('\uFEFF {"a":1}')).toBe('json');
  });

  it('is UTF-8, or refused', () => {
    expect(read(bytes('{"a":"', [0xc3, 0x28], '"}'), 'json')).toMatchObject({
      detail: expect.stringContaining('UTF-8'),
    });
  });

  it('may use the names of what every object has', () => {
    expect(read('{"__proto__":{"x":1},"constructor":2}', 'json')).toEqual({
      value: JSON.parse('{"__proto__":{"x":1},"constructor":2}'),
    });
    expect(Object.keys((read('__proto__: 1\nconstructor: 2', 'yaml') as { value: object }).value)).toEqual([
      '__proto__',
      'constructor',
    ]);
  });

  it('is read the same from JSON by both readers', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const asJson = read(text, 'json');
        if ('value' in asJson) expect(JSON.stringify(read(text, 'yaml'))).toBe(JSON.stringify(asJson));
      }),
      { numRuns: 50 },
    );
  });

  /** Processor time of this process, so that what else runs on the machine does not count. */
  const cpuMs = (run: () => void) => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };

  it.each([
    '{}}',
    '[',
    '[]]',
    '- ',
    ': ',
    '? ',
    '"',
    'a: 1\n',
    '&a ',
    '*a ',
    '! ',
    '---\n',
    '|\n',
    '{a: ',
    '{,',
    '1,',
    '%a\n',
    '#\n',
    '\n',
    '{"a":',
  ])('costs little however hostile: 64 KiB of %j', (part) => {
    const text = part.repeat(Math.floor(DOCUMENT_BYTES_MAX / part.length));
    for (const format of ['json', 'yaml'] as const) {
      read(text, format);
      const best = Math.min(...[1, 2, 3].map(() => cpuMs(() => read(text, format))));
      expect([format, best < 100]).toEqual([format, true]);
    }
  });

  it('costs little with ever new keys', () => {
    const text = Array.from({ length: 9_000 }, (_, index) => `k${index}: 1`)
      .join('\n')
      .slice(0, DOCUMENT_BYTES_MAX);
    expect(Math.min(...[1, 2, 3].map(() => cpuMs(() => read(text, 'yaml'))))).toBeLessThan(100);
  });
});
