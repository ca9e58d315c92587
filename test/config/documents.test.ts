import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../dev/paths.js';
import { PROBLEMS } from '../../shared/model/problem.js';

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

describe('the documents', () => {
  it('explain every problem code, with its status', () => {
    const rows = [...read('docs/problems.md').matchAll(/^\| `([a-z-]+)` \| (\d+) \|/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(PROBLEMS).map(([code, [status]]) => [code, status])),
    );
  });

  it('give a reason for every dependency, and for nothing else', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
      string,
      Record<string, string>
    >;
    const named = [...read('docs/dependencies.md').matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].flatMap(([, names]) =>
      names!.split(', ').map((name) => name.replaceAll('`', '')),
    );
    expect(named.sort()).toEqual(Object.keys({ ...dependencies, ...devDependencies }).sort());
  });

  it('name only files that exist', () => {
    const links = [...read('README.md').matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target!);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(() => read(link)).not.toThrow();
  });
});
