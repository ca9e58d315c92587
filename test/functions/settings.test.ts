import { readFileSync } from 'node:fs';
import path from 'node:path';
import { appSettings } from '../../dev/app-settings.js';
import { ROOT } from '../../dev/paths.js';
import { readSettings, SettingsSchema } from '../../functions/settings.js';

const sample = JSON.parse(readFileSync(path.join(ROOT, 'local.settings.sample.json'), 'utf8')) as {
  Values: Record<string, string>;
};

/** Settings of the host, the identity endpoint and the SDKs; the product does not read them itself. */
const OF_THE_HOST = [
  'AzureWebJobsStorage',
  'FUNCTIONS_WORKER_RUNTIME',
  'IDENTITY_ENDPOINT',
  'IDENTITY_HEADER',
  'NODE_EXTRA_CA_CERTS',
];

describe('the settings', () => {
  it('of the sample are complete', () => {
    expect(readSettings({ ...sample.Values }).platform.apiManagement.name).toBe('apim-hai-demo');
  });

  it('of the sample and of the embedded platform are known ones only', () => {
    const known = new Set([...Object.keys(SettingsSchema.shape), ...OF_THE_HOST]);
    const world = { azure: {}, broker: {}, cosmos: {} } as Parameters<typeof appSettings>[0];
    for (const name of [...Object.keys(sample.Values), ...Object.keys(appSettings(world))])
      expect([name, known.has(name)]).toEqual([name, true]);
  });

  it('name every mistake at once', () => {
    expect(() => readSettings({ HAI_AUTH: 'none' })).toThrow(/HAI_APIM_NAME[\s\S]*COSMOS_ENDPOINT/);
  });

  it('let nobody in without a sign-in outside development', () => {
    const production = { ...sample.Values, AZURE_FUNCTIONS_ENVIRONMENT: 'Production' };
    expect(() => readSettings(production)).toThrow('lets everybody in');
  });

  it('refuse a subnet id where the name is needed', () => {
    const wrong = { ...sample.Values, HAI_MODELS_SUBNET: '/subscriptions/x/subnets/models' };
    expect(() => readSettings(wrong)).toThrow('the subnet name, not its resource id');
  });
});
