/**
 * The same documents by both doors: good ones, bad ones, and odd encodings of both. Whoever asks by ticket is told the same as who asks by HTTP,
 * field by field.
 */
import { stringify } from 'yaml';
import type { OperationView } from '../../../shared/contracts/api.js';
import type { Problem } from '../../../shared/model/problem.js';
import { request } from '../../support/builders.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

interface Sent {
  what: string;
  body: Buffer;
  contentType: 'application/json' | 'application/yaml';
}

const TEAM = 'team-both-doors';
const valid = () => structuredClone(request(TEAM)) as unknown as Record<string, unknown>;

const json = (what: string, value: unknown): Sent => text(`JSON: ${what}`, JSON.stringify(value), 'application/json');
const text = (what: string, body: string, contentType: Sent['contentType'] = 'application/yaml'): Sent => ({
  what,
  body: Buffer.from(body),
  contentType,
});

/** Every place of a document, as the keys that lead there. */
function places(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))];
}

function withValue(path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  const document = valid();
  let parent = document as Record<string, Record<string, unknown>>;
  for (const key of path.slice(0, -1)) parent = parent[key] as typeof parent;
  const last = path.at(-1)!;
  if (value === undefined) delete parent[last];
  else parent[last] = value as Record<string, unknown>;
  return document;
}

const ODD_VALUES: readonly [what: string, value: unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['true', true],
  ['a number', -1.5],
  ['a large number', 1e300],
  ['a text', 'x\u0000<y>"'],
  ['a long text', 'x'.repeat(5000)],
  ['a list', [[]]],
  ['an object', { a: { b: 1 } }],
];

const oddFields = (): Sent[] =>
  places(valid()).flatMap((path) =>
    ODD_VALUES.filter(([, value]) => path.length > 0 || value !== undefined).map(([what, value]) =>
      json(`${what} at /${path.join('/')}`, withValue(path, value)),
    ),
  );

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'ünïcode', 'a'.repeat(300)];

const oddKeys = (): Sent[] =>
  NAMES.flatMap((name) => [
    text(
      `a key ${name.slice(0, 20)}`,
      `{${JSON.stringify(name)}: 1, ${JSON.stringify(valid()).slice(1)}`,
      'application/json',
    ),
    json(`a team ${name.slice(0, 20)}`, { ...valid(), metadata: { name: `team-${name}` } }),
    json(`a model ${name.slice(0, 20)}`, withValue(['spec', 'models', 'foundry', 'models', '0', 'name'], name)),
  ]);

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

const oddTexts = (): Sent[] => {
  const asJson = JSON.stringify(valid());
  const asYaml = stringify(valid());
  return [
    text('YAML', asYaml),
    text('YAML with a marker', `---\n${asYaml}`),
    text('YAML with comments', `# for us\n${asYaml}# the end\n`),
    text('YAML with a byte order mark', `\uFEFF${asYaml}`),
    text('YAML with carriage returns', asYaml.replaceAll('\n', '\r\n')),
    text('JSON as YAML', asJson),
    text('JSON with a byte order mark', `\uFEFF${asJson}`, 'application/json'),
    text('JSON with much space', `\n\n  ${JSON.stringify(valid(), undefined, 8)}\n\n`, 'application/json'),
    text('JSON with escapes', asJson.replace('contoso', '\\u0063ontoso'), 'application/json'),
    text('two YAML documents', `${asYaml}---\n${asYaml}`),
    text('a YAML document and rubbish', `${asYaml}---\n{`),
    text('two JSON documents', `${asJson}${asJson}`, 'application/json'),
    text('a key twice in YAML', `${asYaml}kind: TeamAccessRequest\n`),
    text('a key twice in JSON', `${asJson.slice(0, -1)},"kind":"TeamAccessRequest"}`, 'application/json'),
    text('an anchor', asYaml.replace('metadata:', 'metadata: &a')),
    text('an alias', `x: &a [1]\ny: *a\n${asYaml}`),
    text('a tag', asYaml.replace('kind: ', 'kind: !!str ')),
    text('a type of a language', 'a: !!js/function "function () {}"\n'),
    text('a merge', `<<: { kind: x }\n${asYaml}`),
    ...[31, 32, 33, 200, 5_000].map((depth) => text(`${depth} levels of JSON`, nested(depth), 'application/json')),
    ...[31, 32, 33, 200, 5_000].map((depth) => text(`${depth} levels of YAML`, nested(depth))),
    text('64 KiB of braces', '{}'.repeat(32 * 1024)),
    text('64 KiB of brackets', '['.repeat(64 * 1024), 'application/json'),
    text('more than 64 KiB', ' '.repeat(64 * 1024 + 1)),
    text('nothing', ''),
    text('space', ' \n\t'),
    text('a comment', '# nothing\n'),
    ...['null', 'true', '7', '"text"', '[]', '{}', '[{}]'].map((value) =>
      text(`JSON ${value}`, value, 'application/json'),
    ),
    ...['~', 'yes', '0x1F', 'text', '- a', 'a: b: c', '\ta: 1', '%YAML 3.0'].map((value) =>
      text(`YAML ${value}`, value),
    ),
    text('JSON that ends early', asJson.slice(0, 60), 'application/json'),
    text('JSON with a comma too many', asJson.replace(/}$/, ',}'), 'application/json'),
    text('JSON with a comment', `/* for us */${asJson}`, 'application/json'),
    {
      what: 'bytes that are no UTF-8',
      body: Buffer.from(asYaml.replace('contoso', 'contos\xf6'), 'latin1'),
      contentType: 'application/yaml',
    },
    {
      what: 'JSON bytes that are no UTF-8',
      body: Buffer.from(asJson.replace('contoso', 'contos\xf6'), 'latin1'),
      contentType: 'application/json',
    },
    { what: 'UTF-16', body: Buffer.from(asYaml, 'utf16le'), contentType: 'application/yaml' },
    { what: 'zeros', body: Buffer.alloc(100), contentType: 'application/yaml' },
  ];
};

const DOCUMENTS = [...oddTexts(), ...oddKeys(), ...oddFields()];
/** As many as one page of the inbox. */
const AT_ONCE = 100;

export const twoDoors = (shared: SharedHai): void =>
  describe('the same document by HTTP and by message', () => {
    let hai: Hai;
    beforeAll(async () => {
      hai = await shared();
    });

    it(`is answered the same, for ${DOCUMENTS.length} documents`, async () => {
      expect(DOCUMENTS.length).toBeGreaterThan(200);
      let taken = 0;
      for (let from = 0; from < DOCUMENTS.length; from += AT_ONCE) {
        const batch = DOCUMENTS.slice(from, from + AT_ONCE).map((sent, index) => ({
          ...sent,
          ticket: `D-${from + index}`,
        }));
        // The inbox is read newest first.
        await hai.clock.advance(1_000);
        const byHttp = [];
        for (const { body, contentType } of batch) byHttp.push(await post(hai, body, contentType));
        for (const { body, contentType, ticket } of batch) await hai.send(body, { ticket, contentType });
        const rejected = await inbox(hai);
        const accepted = await toldOf(hai);
        taken += byHttp.filter(({ id }) => id).length;
        const byMessage = batch.map(({ ticket }) => ({ refused: rejected.get(ticket), id: accepted.get(ticket) }));
        const named = (answers: object[]) => answers.map((answer, index) => [batch[index]!.what, answer]);
        expect(named(byMessage)).toEqual(named(byHttp));
      }
      expect(taken).toBeGreaterThanOrEqual(8);
    });
  });

async function post(hai: Hai, body: Buffer, contentType: string): Promise<{ refused?: Problem; id?: string }> {
  const answer = await fetch(`${hai.api}/access-requests`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: new Uint8Array(body),
  });
  const told = (await answer.json()) as Problem & Pick<OperationView, 'id'>;
  const { traceId: _, ...refused } = told;
  return answer.status < 300 ? { id: told.id } : { refused };
}

async function inbox(hai: Hai): Promise<Map<string, Problem>> {
  const { body } = await hai.get<{ value: { ticket?: string; problem: Problem }[] }>(`rejected?maxpagesize=${AT_ONCE}`);
  return new Map(body.value.map(({ ticket = '', problem }) => [ticket, problem]));
}

async function toldOf(hai: Hai): Promise<Map<string, string>> {
  const events = await hai.events('everything');
  const accepted = events.filter(({ type }) => type.endsWith('.access.accepted.v1'));
  return new Map(accepted.map(({ ticket = '', data }) => [ticket, (data as { operationId: string }).operationId]));
}
