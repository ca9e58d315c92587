import { request } from '../../support/builders.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

export const azureFaults = (shared: SharedHai): void =>
  describe('Azure on a bad day', () => {
    let hai: Hai;
    beforeAll(async () => {
      hai = await shared();
    });
    afterEach(() => hai.world.azure.faults.clear());

    it.each([
      [
        'a product that is being written (409)',
        { method: 'PUT', path: '/products/product-' },
        { status: 409, code: 'Conflict' },
      ],
      [
        'a busy management endpoint (422)',
        { method: 'PUT', path: '/policies/policy' },
        { status: 422, code: 'ManagementApiRequestFailed' },
      ],
      [
        'parallel subscriptions (412)',
        { method: 'PUT', path: '/subscriptions/sub-' },
        { status: 412, code: 'PreconditionFailed' },
      ],
      [
        'an empty token bucket (429)',
        { method: 'PUT', path: '/accounts/foundry-' },
        { status: 429, code: 'SubscriptionRequestsThrottled', retryAfterSeconds: 30 },
      ],
      [
        'a role that has not arrived (403)',
        { method: 'PUT', path: '/connections/' },
        { status: 403, code: 'AuthorizationFailed' },
      ],
      ['a broken service (500)', { method: 'PUT', path: '/projects/' }, { status: 500, code: 'InternalServerError' }],
    ])('is lived through: %s', async (what, match, answer) => {
      hai.world.azure.faults.add({ kind: 'answer', match, times: 3, answer });
      const { body } = await hai.request(request(`team-f${answer.status}`));
      expect([what, (await hai.finish(body.id)).status]).toEqual([what, 'Succeeded']);
    });

    it.each([
      ['before', 'drop-before-effect'],
      ['after', 'drop-after-effect'],
    ] as const)('is lived through: connections that break %s every first write takes effect', async (when, kind) => {
      for (const path of [
        '/products/',
        '/policies/',
        '/subscriptions/sub-',
        '/accounts/foundry-',
        '/projects/',
        '/connections/',
      ])
        hai.world.azure.faults.add({ kind, match: { method: 'PUT', path }, times: 1 });
      const { body } = await hai.request(request(`team-${when}`));
      expect(await hai.finish(body.id)).toMatchObject({ status: 'Succeeded' });
      const products = hai.left().filter((id) => id.endsWith(`/products/product-${when}`));
      expect(products).toHaveLength(1);
    });

    it('fails at once what Azure refuses for good', async () => {
      hai.world.azure.faults.add({
        kind: 'answer',
        match: { method: 'PUT', path: '/accounts/foundry-' },
        times: 1,
        answer: { status: 400, code: 'InsufficientQuota' },
      });
      const { body } = await hai.request(request('team-quota'));
      const operation = await hai.finish(body.id);
      expect(operation).toMatchObject({
        phase: 'failed',
        error: { code: 'refused-by-azure', azureCode: 'InsufficientQuota' },
      });
      expect(operation.steps.find(({ id }) => id === 'foundry-account')).toMatchObject({
        status: 'undone',
        error: { code: 'refused-by-azure' },
      });
    });

    it('lives through an hour without Azure, reads and writes alike, and says all the while until when it sleeps', async () => {
      hai.world.azure.faults.add({
        kind: 'answer',
        match: { service: 'arm' },
        answer: { status: 503, code: 'ServiceUnavailable' },
      });
      const { body } = await hai.request(request('team-outage'));
      for (let minute = 0; minute < 60; minute += 10) {
        await hai.clock.advance(10 * 60_000);
        const operation = await hai.operation(body.id);
        expect([minute, operation.phase, operation.attempt]).toEqual([minute, 'running', 1]);
      }
      hai.world.azure.faults.clear();
      expect(await hai.finish(body.id)).toMatchObject({ status: 'Succeeded', attempt: 1 });
    }, 60_000);
  });
