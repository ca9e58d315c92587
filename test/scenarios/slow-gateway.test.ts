import { request } from '../support/builders.js';
import { startHai } from '../support/hai.js';

describe('API Management that takes 40 minutes to activate', () => {
  it('is waited for with few looks and a small history, and the team gets its access', async () => {
    const hai = await startHai({ apimActivating: true, latencies: { apiManagementActivation: 40 * 60 } });
    try {
      const { body } = await hai.request(request());
      const operation = await hai.finish(body.id);
      expect(operation.status).toBe('Succeeded');
      const waited = operation.steps.find(({ id }) => id === 'gateway-ready')!;
      const minutes = (Date.parse(waited.endedAt!) - Date.parse(waited.startedAt!)) / 60_000;
      expect(minutes).toBeGreaterThan(39);
      expect(minutes).toBeLessThan(40 * 1.08 + 1);

      const url = `${hai.host.url}/runtime/webhooks/durabletask/instances/?instanceIdPrefix=${body.id}`;
      const instances = (await (await fetch(url)).json()) as { instanceId: string }[];
      expect(instances.map(({ instanceId }) => instanceId)).toContain(`${body.id}-1:l0:s0`);
    } finally {
      await hai.close();
    }
  });
});
