import { DOCUMENT_BYTES_MAX } from '../../../shared/model/document.js';
import type { Problem } from '../../../shared/model/problem.js';
import { model, request } from '../../support/builders.js';
import { example, YAML } from '../../support/documents.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

interface RejectedList {
  value: { id: string; queue: string; ticket?: string; problem: Problem; excerpt: string; deliveryCount: number }[];
}

const JSON_TYPE = { 'content-type': 'application/json' };
const gpt = (limits = {}) => ({ foundry: { models: [model('gpt-4.1', limits)] } });

export const badInput = (shared: SharedHai): void =>
  describe('input that cannot be taken', () => {
    let hai: Hai;
    beforeAll(async () => {
      hai = await shared();
    });
    afterAll(async () => {
      expect(hai.left()).toEqual([]);
      expect(await hai.operations()).toEqual([]);
    });

    const rejected = async () => (await hai.get<RejectedList>('rejected')).body.value;

    describe('by HTTP', () => {
      it.each([
        ['malformed JSON', 400, 'malformed-document', '{"apiVersion": "ai', JSON_TYPE],
        ['malformed YAML', 400, 'malformed-document', 'a: b: c', YAML],
        ['an empty body', 422, 'invalid-request', '', YAML],
        ['a document that is too long', 413, 'too-large', ' '.repeat(DOCUMENT_BYTES_MAX + 1), JSON_TYPE],
        ['no media type', 415, 'unsupported-media-type', '{}', { 'content-type': 'text/plain' }],
        ['an unknown key', 422, 'invalid-request', JSON.stringify(request('team-x', { surprise: 1 })), JSON_TYPE],
        ['a wrong type', 422, 'invalid-request', JSON.stringify(request('team-x', { owner: 7 })), JSON_TYPE],
        [
          'a model outside the catalog',
          422,
          'invalid-request',
          JSON.stringify(request('team-x', { models: { foundry: { models: [model('gpt-99')] } } })),
          JSON_TYPE,
        ],
        [
          'a disabled model',
          422,
          'invalid-request',
          JSON.stringify(request('team-x', { models: { kaito: { models: [model('phi-4-mini')] } } })),
          JSON_TYPE,
        ],
        ['a name that breaks XML', 422, 'invalid-request', JSON.stringify(request('team-<a>')), JSON_TYPE],
        ['a name that breaks DNS', 422, 'invalid-request', JSON.stringify(request('team-a_b')), JSON_TYPE],
        ['a name that breaks a URL', 422, 'invalid-request', JSON.stringify(request('team-a%2f..')), JSON_TYPE],
        [
          'a duplicate model',
          422,
          'invalid-request',
          JSON.stringify(request('team-x', { models: { foundry: { models: [model('gpt-4.1'), model('gpt-4.1')] } } })),
          JSON_TYPE,
        ],
        [
          'a limit of zero',
          422,
          'invalid-request',
          JSON.stringify(request('team-x', { models: gpt({ tokensPerMinute: 0 }) })),
          JSON_TYPE,
        ],
        [
          'an absurd limit',
          422,
          'invalid-request',
          JSON.stringify(request('team-x', { models: gpt({ dailyTokenQuota: 1e18 }) })),
          JSON_TYPE,
        ],
        [
          'a limit above the guardrail',
          422,
          'invalid-request',
          JSON.stringify(request('team-x', { models: gpt({ tokensPerMinute: 50_001 }) })),
          JSON_TYPE,
        ],
      ])('is answered as a problem: %s', async (_what, status, code, body, headers) => {
        const answer = await hai.post<Problem>('access-requests', body, headers);
        expect(answer.status).toBe(status);
        expect(answer.headers.get('content-type')).toBe('application/problem+json');
        expect(answer.headers.get('x-ms-error-code')).toBe(code);
        expect(answer.body).toMatchObject({ code, status, type: `urn:hai:problem:${code}` });
      });

      it('names every mistake of the example at once', async () => {
        const answer = await hai.post<Problem>('access-requests', example('refused.yaml'), YAML);
        expect(answer.body.errors?.map(({ pointer }) => pointer).sort()).toEqual([
          '/spec/costCenter',
          '/spec/costCentre',
          '/spec/models/foundry/models/0/tokensPerMinute',
          '/spec/models/foundry/models/1/name',
          '/spec/models/foundry/models/1/tokensPerMinute',
          '/spec/owner',
        ]);
      });
    });

    describe('as a message', () => {
      it.each([
        ['malformed text', '{"apiVersion": "ai', 'malformed-document'],
        ['a document with mistakes', example('refused.yaml'), 'invalid-request'],
        ['something else entirely', ['surprise'], 'invalid-request'],
        ['nothing', '', 'invalid-request'],
        ['a number', 7, 'invalid-request'],
        ['a document that is too long', { padding: 'x'.repeat(DOCUMENT_BYTES_MAX) }, 'too-large'],
        [
          'a CloudEvent of another type',
          { specversion: '1.0', id: '1', source: '/x', type: 'com.contoso.other', data: {} },
          'invalid-request',
        ],
        [
          'a CloudEvent around mistakes',
          { specversion: '1.0', id: '2', source: '/x', type: 'com.contoso.hai.access.requested.v1', data: {} },
          'invalid-request',
        ],
      ])('is kept with its reasons, and the ticket is answered: %s', async (_what, body, code) => {
        const before = await rejected();
        await hai.send(body, { ticket: 'T-7' });
        const after = await rejected();
        const kept = after.find(({ id }) => !before.some((other) => other.id === id))!;
        expect(kept).toMatchObject({ queue: 'access-requests', ticket: 'T-7', problem: { code }, deliveryCount: 1 });
        const events = await hai.events('tickets');
        expect(events).toEqual([
          expect.objectContaining({
            type: 'com.contoso.hai.access.rejected.v1',
            ticket: 'T-7',
            data: expect.objectContaining({ rejectedId: kept.id, problem: expect.objectContaining({ code }) }),
          }),
        ]);
        expect(hai.world.broker.counts('access-requests')).toMatchObject({ active: 0, locked: 0, deadLetter: 0 });
      });

      it('does not keep the next message from being handled', async () => {
        await hai.send('{"oops', { ticket: 'T-9' });
        await hai.send(request('team-next', { costCenter: '' }), { ticket: 'T-10' });
        expect((await rejected()).map(({ ticket }) => ticket)).toEqual(expect.arrayContaining(['T-9', 'T-10']));
      });
    });
  });
