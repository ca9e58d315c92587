import { SUBSCRIPTION, startTestAzure, TEAMS } from './azure-fixture.js';

const VERSION = '2025-04-01';
const path = (name: string) => `/subscriptions/${SUBSCRIPTION}/resourcegroups/${name}`;

describe('a resource group', () => {
  it('is made at once, shown, and deleted with all that is in it', async () => {
    const { arm, clock, foundry, world } = await startTestAzure();
    expect((await arm('PUT', path('rg-new'), VERSION, { location: 'swedencentral' })).status).toBe(201);
    expect((await arm('PUT', path('rg-new'), VERSION, { location: 'swedencentral', tags: { a: 'b' } })).status).toBe(
      200,
    );
    expect((await arm('HEAD', path('rg-new'), VERSION)).status).toBe(200);
    const account = {
      location: 'swedencentral',
      kind: 'AIServices',
      sku: { name: 'S0' },
      properties: { customSubDomainName: 'foundry-new' },
    };
    await foundry.accounts.beginCreate('rg-new', 'foundry-new', account);
    await clock.advance(40_000);

    const deletion = await arm('DELETE', path('rg-new'), VERSION);
    expect(deletion.status).toBe(202);
    const late = await arm(
      'PUT',
      `${path('rg-new')}/providers/Microsoft.CognitiveServices/accounts/x`,
      '2025-09-01',
      {},
    );
    expect([late.status, await late.text()]).toEqual([409, expect.stringContaining('ResourceGroupBeingDeleted')]);
    const location = (deletion.headers.get('location') ?? '').slice(world.armUrl.length).split('?')[0] ?? '';
    expect((await arm('GET', location, VERSION)).status).toBe(202);
    await clock.advance(130_000);
    expect((await arm('GET', location, VERSION)).status).toBe(204);
    expect((await arm('GET', path('rg-new'), VERSION)).status).toBe(404);
    // What is soft-deleted by its own rules is so here as well.
    expect(world.inventory().filter((id) => id.includes('rg-new'))).toEqual([
      expect.stringMatching(/^deleted:.*foundry-new$/),
    ]);
  });

  it('needs a location', async () => {
    const { arm } = await startTestAzure();
    expect((await arm('PUT', path('rg-new'), VERSION, {})).status).toBe(400);
    expect((await arm('DELETE', path('rg-none'), VERSION)).status).toBe(204);
    expect((await arm('GET', path(TEAMS), VERSION)).status).toBe(200);
  });
});
