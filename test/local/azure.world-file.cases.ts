import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWorldFile } from '../../local/world/resources.js';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'world-file-'))));
afterEach(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

describe('a world file', () => {
  it('is YAML or JSON, in which $file stands for the text of a file beside it', () => {
    mkdirSync(join(directory, 'policies'));
    write('policies/one.xml', '<policies />');
    const yaml = write('world.yaml', 'list: [{ value: { $file: policies/one.xml } }, plain]\n');
    const json = write('world.json', '{"list":[{"value":{"$file":"policies/one.xml"}},"plain"]}');
    const expected = { list: [{ value: '<policies />' }, 'plain'] };
    expect([readWorldFile(yaml), readWorldFile(json)]).toEqual([expected, expected]);
  });

  it('says which file cannot be read, and why', () => {
    const file = write('world.yaml', 'value: { $file: missing.xml }\n');
    expect(() => readWorldFile(file)).toThrow(/world\.yaml cannot be read.*missing\.xml/);
    expect(() => readWorldFile(write('broken.yaml', 'a: [1'))).toThrow(/broken\.yaml cannot be read/);
  });
});
