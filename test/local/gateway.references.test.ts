import { validateFragment, validatePolicy } from '../../local/world/gateway/index.js';
import { createBench } from './gateway.fixtures.js';

const KEY = 'all-apis-key';

const answer = (text: string) => `<return-response><set-body>${text}</set-body></return-response>`;

function library(namedValues: Record<string, string>, fragments: Record<string, string> = {}) {
  return { namedValue: (name: string) => namedValues[name], fragment: (id: string) => fragments[id] };
}

describe('a named value', () => {
  it('may stand in attributes, texts and expressions, and may be an expression itself', async () => {
    const { call, world } = createBench();
    world.namedValues = { 'header-name': 'x-team', team: 'alpha', api: '@(context.Api.Id)' };
    world.setPlainPolicy({
      inbound: `<return-response>
        <set-header name="{{header-name}}" exists-action="override"><value>@("team " + "{{team}}")</value></set-header>
        <set-body>{{api}}</set-body>
      </return-response>`,
    });
    const { headers, text } = await call('GET', '/plain/models', { key: KEY });
    expect([headers['x-team'], text]).toEqual(['team alpha', 'plain-api']);
  });

  it('is read anew by the next call, although policies are compiled once', async () => {
    const { call, world } = createBench();
    world.setPlainPolicy({ inbound: answer('{{word}}') });
    for (const word of ['one', 'two', 'two']) {
      world.namedValues = { word };
      expect((await call('GET', '/plain/models', { key: KEY })).text).toBe(word);
    }
  });

  it('cannot break out of the place where it stands', () => {
    const policy = `<policies><inbound>${answer('{{word}}')}</inbound></policies>`;
    expect(validatePolicy(policy, 'rawxml', library({ word: '</set-body><teleport />' }))).toBeUndefined();
  });

  it('is judged with the policy: what it makes of it must be right', () => {
    const policy =
      '<policies><inbound><rate-limit-by-key calls="{{calls}}" renewal-period="60" counter-key="k" /></inbound></policies>';
    expect(validatePolicy(policy, 'rawxml', library({ calls: '5' }))).toBeUndefined();
    expect(validatePolicy(policy, 'rawxml', library({ calls: 'many' }))?.message).toContain('whole number');
    expect(validatePolicy(policy, 'rawxml')?.message).toContain("Cannot find a property 'calls'");
  });
});

describe('a fragment', () => {
  it('runs where it is included, in a condition as well, and may include others', async () => {
    const { call, world } = createBench();
    world.fragments = {
      outer: '<fragment><include-fragment fragment-id="inner" /></fragment>',
      inner: `<fragment>${answer('@(context.Request.Method + " {{word}}")')}</fragment>`,
    };
    world.namedValues = { word: 'included' };
    const included = '<include-fragment fragment-id="outer" />';
    world.setPlainPolicy({ inbound: `<choose><when condition="@(true)">${included}</when></choose>` });
    expect((await call('GET', '/plain/models', { key: KEY })).text).toBe('GET included');
  });

  it('is refused where its statements may not stand', () => {
    const fragments = { limit: '<fragment><set-backend-service backend-id="x" /></fragment>' };
    const policy = (section: string) =>
      `<policies><${section}><include-fragment fragment-id="limit" /></${section}></policies>`;
    expect(validatePolicy(policy('inbound'), 'rawxml', library({}, fragments))).toBeUndefined();
    expect(validatePolicy(policy('outbound'), 'rawxml', library({}, fragments))?.message).toMatch(
      /not allowed in the section 'outbound'/,
    );
  });

  it('is right when one section can take all of it', () => {
    expect(validateFragment('<fragment><set-backend-service backend-id="x" /></fragment>', 'rawxml')).toBeUndefined();
    const mixed = '<fragment><forward-request /><llm-token-limit /></fragment>';
    expect(validateFragment(mixed, 'rawxml')?.message).toMatch(/forward-request.*not allowed/);
  });

  it('that includes itself ends in an error, not in a circle', () => {
    const fragments = { a: '<fragment><include-fragment fragment-id="a" /></fragment>' };
    const policy = '<policies><inbound><include-fragment fragment-id="a" /></inbound></policies>';
    expect(validatePolicy(policy, 'rawxml', library({}, fragments))?.message).toMatch(/more than 10 deep/);
  });
});

describe('the policy of an operation', () => {
  it('is the innermost scope', async () => {
    const { call, world } = createBench();
    const mark = (scope: string) =>
      `<set-variable name="seen" value="@(context.Variables.GetValueOrDefault<string>("seen", "") + "${scope} ")" />`;
    const policy = (inbound: string) => `<policies><inbound><base />${inbound}</inbound></policies>`;
    world.globalPolicy = policy(mark('global'));
    world.setPlainPolicy({ inbound: `<base />${mark('api')}` });
    const models = world.apiList[2]!.operations.find(({ id }) => id === 'models')!;
    world.apiList[2]!.operations = [
      { ...models, policyXml: policy(`${mark('operation')}${answer('@((string)context.Variables["seen"])')}`) },
    ];
    expect((await call('GET', '/plain/models', { key: KEY })).text).toBe('global api operation ');
  });
});
