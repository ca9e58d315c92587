import { DOCUMENT_BYTES_MAX, readDocument } from '../../shared/model/document.js';

const codeOf = (text: string, format: 'json' | 'yaml') => {
  const read = readDocument(text, format);
  return read.ok ? 'ok' : read.problem.code;
};

describe('a document', () => {
  it('is read as JSON or YAML', () => {
    expect(readDocument('{"a":[1,{"b":null}]}', 'json')).toEqual({ ok: true, value: { a: [1, { b: null }] } });
    expect(readDocument('a:\n  - 1\n  - b: ~ # comment\n', 'yaml')).toEqual({
      ok: true,
      value: { a: [1, { b: null }] },
    });
  });

  it.each([
    ['JSON with a trailing comma', '{"a":1,}', 'json'],
    ['JSON that ends early', '{"a":', 'json'],
    ['a key that stands twice', '{"a":1,"a":2}', 'json'],
    ['YAML that is badly indented', 'a: 1\n b: 2', 'yaml'],
    ['YAML with an alias', 'a: &x [1]\nb: *x', 'yaml'],
    ['YAML with an anchor alone', 'a: &x 1', 'yaml'],
    ['YAML with a tag', 'a: !!js/function "x"', 'yaml'],
    ['a key that is not a string', '? [a]\n: 1', 'yaml'],
    ['nesting without end', '['.repeat(60_000), 'json'],
  ] as const)('is malformed when it is %s', (_what, text, format) => {
    expect(codeOf(text, format)).toBe('malformed-document');
  });

  it('has a largest size, counted in bytes', () => {
    const text = JSON.stringify('ü'.repeat(DOCUMENT_BYTES_MAX / 2 - 1));
    expect(codeOf(text, 'json')).toBe('ok');
    expect(codeOf(`${text} `, 'json')).toBe('too-large');
  });
});
