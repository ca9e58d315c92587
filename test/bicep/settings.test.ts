import path from 'node:path';
import { ROOT } from '../../dev/paths.js';
import { SettingsSchema } from '../../functions/settings.js';
import { at, type BicepFile, Expression, type Record_, readBicepFolder } from '../support/bicep.js';

const files = readBicepFolder(path.join(ROOT, 'bicep'));
const file = (name: string): BicepFile => files.find((one) => one.file === name)!;
const variable = (name: string, from: string) =>
  file(from)
    .of('var')
    .find((one) => one.name === name)!.value!;

/** Settings of the code that no environment on Azure has, and why. */
const NOT_ON_AZURE: Record<string, string> = {
  HAI_KEY_VAULT_CHALLENGE_CHECK: 'only for a vault whose host is not of Azure',
  HAI_EGRESS_PROXY_URL: 'only for an app outside of the virtual network',
  HAI_PUBLIC_URL: 'only for an API behind another host name',
  HAI_CONFIG_DIR: 'the package brings its own config/',
  HAI_CALL_DEADLINE_SECONDS: 'the default is what Resource Manager itself allows',
  HAI_FOUNDRY_DOMAIN: 'the default is that of the public cloud',
  COSMOS_KEY: 'emulators only: local authentication is off',
  ServiceBusConnection: 'emulators only: local authentication is off',
};

/** Settings of the Functions host and its extensions; the product does not read them. */
const OF_THE_HOST = [
  'AzureWebJobsStorage__credential',
  'AzureWebJobsStorage__clientId',
  'AzureWebJobsStorage__blobServiceUri',
  'AzureWebJobsStorage__queueServiceUri',
  'AzureWebJobsStorage__tableServiceUri',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
  'ServiceBusConnection__credential',
  'ServiceBusConnection__clientId',
  'AzureFunctionsJobHost__extensions__durableTask__storageProvider__type',
  'AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName',
  'DURABLE_TASK_SCHEDULER_CONNECTION_STRING',
];

const keysOf = (value: unknown): string[] =>
  value instanceof Expression
    ? [...value.text.matchAll(/(?<=[{'}])([A-Za-z]\w+):(?=')/g)].map((match) => match[1]!)
    : Object.keys(value as object);

describe('the settings in Bicep', () => {
  const set = [
    ...['hostSettings', 'appSettings', 'durableSettings'].flatMap((name) =>
      keysOf(variable(name, 'modules/function-app.bicep')),
    ),
    ...keysOf(variable('platformSettings', 'main.bicep')),
  ];
  const read = Object.keys(SettingsSchema.shape);

  it('set everything that the code reads, but what has a reason not to be there', () => {
    expect(read.filter((name) => !set.includes(name)).sort()).toEqual(Object.keys(NOT_ON_AZURE).sort());
  });

  it('set nothing that neither the code nor the host reads', () => {
    expect(set.filter((name) => !read.includes(name)).sort()).toEqual([...OF_THE_HOST].sort());
  });

  it('set each name once', () => {
    expect(set.filter((name, index) => set.indexOf(name) !== index)).toEqual([]);
  });

  it('are all merged into the app', () => {
    const [settings] = file('modules/function-app.bicep')
      .of('resource')
      .filter((one) => one.name === 'settings');
    expect((at(settings!.value, 'properties') as Expression).text).toBe(
      'union(hostSettings,platformSettings,appSettings,durableSettings)',
    );
  });

  it('hold no name that Flex Consumption refuses', () => {
    expect(set.filter((name) => name.includes(':') || name === 'FUNCTIONS_WORKER_RUNTIME')).toEqual([]);
  });

  it('let nobody run without a sign-in outside of development', () => {
    const settings = variable('platformSettings', 'main.bicep') as Record_;
    expect((settings['AZURE_FUNCTIONS_ENVIRONMENT'] as Expression).text).toBe(
      "isDevelopment?'Development':'Production'",
    );
    for (const environment of ['staging', 'production'])
      expect(file(`environments/${environment}.bicepparam`).text).not.toContain("authentication = 'none'");
  });

  it('offer exactly the ways to sign in that the code knows', () => {
    const parameter = file('main.bicep')
      .of('param')
      .find((one) => one.name === 'authentication')!;
    expect(parameter.type.split("'|'")).toEqual(SettingsSchema.shape.HAI_AUTH.options);
  });

  it('name a subnet for the models that the network has', () => {
    const settings = variable('platformSettings', 'main.bicep') as Record_;
    expect(file('subnets.bicep').text).toMatch(new RegExp(`^  ${String(settings['HAI_MODELS_SUBNET'])}: \\{`, 'm'));
  });
});
