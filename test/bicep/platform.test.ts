import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../dev/paths.js';
import { QUEUES } from '../../functions/wiring.js';
import {
  at,
  bodyOf,
  Expression,
  Loop,
  type Record_,
  readBicepFolder,
  resourcesOf,
  type Value,
} from '../support/bicep.js';

const folder = path.join(ROOT, 'bicep');
const files = readBicepFolder(folder);
const file = (name: string) => files.find((one) => one.file === name)!;
const main = file('main.bicep');
const text = (value: Value | undefined) => (value instanceof Expression ? value.text : String(value));

/** Subnets in their order: the seeds' seven, then what hai appended. A prefix belongs to its name for ever. */
const SUBNETS: [name: string, number: number, delegation: string | undefined, nat: boolean][] = [
  ['aks', 0, undefined, true],
  ['aks-api', 1, 'Microsoft.ContainerService/managedClusters', true],
  ['onprem', 2, undefined, true],
  ['private-endpoint', 3, undefined, true],
  ['AzureBastionSubnet', 4, undefined, false],
  ['jump', 5, undefined, true],
  ['api-management', 6, 'Microsoft.Web/serverFarms', true],
  ['functions', 7, 'Microsoft.App/environments', true],
  ['models', 8, undefined, true],
];

describe('the network', () => {
  const subnets = file('subnets.bicep').text.split('func standardSubnets')[1]!;
  const blocks = subnets.split(/^ {2}(?='?[\w-]+'?: \{)/m).slice(1);
  const found = blocks.map((block) => [
    /^'?([\w-]+)'?:/.exec(block)![1],
    Number(/prefix: cidrSubnet\(vnetAddressPrefix, 24, (\d)\)/.exec(block)![1]),
    /delegation: '([^']+)'/.exec(block)?.[1],
    /natGateway: (\w+)/.exec(block)![1] === 'true',
  ]);
  const [vnet] = resourcesOf([file('modules/network.bicep')], 'Microsoft.Network/virtualNetworks');
  const subnet = (at(vnet!.body, 'properties.subnets') as Loop).body as Record_;

  it('has its subnets in their fixed order, each with its prefix, delegation and NAT', () => {
    expect(found).toEqual(SUBNETS);
  });

  it('puts a security group on every subnet but Bastion’s, within the virtual network', () => {
    expect(text(at(subnet, 'properties.networkSecurityGroup'))).toBe(
      'subnet.key==bastionSubnet?null:{id:securityGroups[i].id}',
    );
    expect(resourcesOf(files, 'Microsoft.Network/virtualNetworks/subnets')).toEqual([]);
  });

  it('puts the NAT gateway on every subnet that the map says, when it is the way out', () => {
    expect(text(at(subnet, 'properties.natGateway'))).toBe(
      "egressMode=='natGateway'&&subnet.value.natGateway?{id:natGateway.id}:null",
    );
  });

  it('delegates what the map says', () => {
    expect(text(at(subnet, 'properties.delegations'))).toContain('serviceName:subnet.value.delegation!');
  });

  it('opens SSH to nobody in general', () => {
    const ssh = subnets.split('{').filter((rule) => rule.includes("ports: ['22']"));
    expect(ssh.length).toBeGreaterThan(0);
    for (const rule of ssh) expect(rule).not.toMatch(/sources: \['(\*|Internet|0\.0\.0\.0\/0)'\]/);
    // One rule for each named range.
    expect(subnets).toMatch(/map\(adminRanges, \(range, index\) => \{\s+name: 'allow-ssh-from-\$\{range\.name\}'/);
  });

  it('gives each model a fixed address in the subnet of the models, from .200 up', () => {
    const catalog = readFileSync(path.join(ROOT, 'config', 'model-catalog.yaml'), 'utf8');
    const addresses = [...catalog.matchAll(/staticAddress: ([\d.]+)/g)].map((match) =>
      match[1]!.split('.').map(Number),
    );
    expect(addresses.length).toBeGreaterThan(0);
    for (const [a, b, c, d] of addresses) expect([a, b, c, d! >= 200]).toEqual([10, 10, 8, true]);
  });
});

describe('the files', () => {
  it('use every module', () => {
    const modules = files.filter(({ file }) => file.startsWith('modules/')).map(({ file }) => path.basename(file));
    const used = files.flatMap(({ of }) => of('module')).map(({ type }) => path.basename(type));
    expect(modules.filter((name) => !used.includes(name))).toEqual([]);
  });

  it('name modules that exist', () => {
    for (const { file, of } of files)
      for (const { type } of of('module'))
        expect([file, type, existsSync(path.join(folder, path.dirname(file), type))]).toEqual([file, type, true]);
  });

  it('document every parameter and output, and say whether a parameter is needed', () => {
    const templates = files.filter(({ file }) => file.endsWith('.bicep'));
    const bare = templates.flatMap(({ file, of }) =>
      [...of('param'), ...of('output')]
        .filter(({ kind, decorators }) => {
          const description = decorators['description'] ?? '';
          return !(kind === 'param' ? /^'(Required|Optional|Conditional)\. / : /^'\S/).test(description);
        })
        .map(({ name }) => `${file} ${name}`),
    );
    expect(bare).toEqual([]);
  });

  it('call a parameter required exactly when it has no default', () => {
    const wrong = files
      .filter(({ file }) => file.endsWith('.bicep'))
      .flatMap(({ file, of }) =>
        of('param')
          .filter(({ type, value, decorators }) => {
            const isOptional = value !== undefined || type.endsWith('?');
            return isOptional === decorators['description']!.startsWith("'Required");
          })
          .map(({ name }) => `${file} ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  it('open with a sentence that says what they are', () => {
    expect(files.filter(({ text: content }) => !/^\/\/ .{20}/.test(content)).map((one) => one.file)).toEqual([]);
  });

  it('name no region, and make the suffix of the names once', () => {
    expect(files.filter(({ text: content }) => content.includes('uniqueString(')).map((one) => one.file)).toEqual([
      'main.bicep',
    ]);
    expect(files.filter(({ text: content }) => /'(sweden|west|east|north|uae|france)\w+'/.test(content))).toEqual([]);
  });

  it('tag every resource that can be tagged', () => {
    // Resources of these types have no tags, or are parts of another.
    const parts =
      /\/[^/]+\/[^/]+|Authorization|diagnosticSettings|dataCollectionRuleAssociations|budgets|Microsoft\.Graph|KubernetesConfiguration/;
    const untagged = files.flatMap(({ file, of }) =>
      of('resource')
        .filter((one) => !one.existing && !parts.test(one.type.split('@')[0]!) && !bodyOf(one)['tags'])
        .map(({ name }) => `${file} ${name}`),
    );
    expect(untagged).toEqual([]);
  });

  it('carry the six tags', () => {
    const tags = main.of('var').find(({ name }) => name === 'tags')!.value as Record_;
    expect(Object.keys(tags)).toEqual(['owner', 'environment', 'region', 'team', 'cost-center', 'purpose']);
  });

  it('read catalog and topology from config/, so that they are declared once', () => {
    expect(file('modules/foundry.bicep').text).toContain("loadYamlContent('../../config/model-catalog.yaml')");
    for (const module of ['service-bus', 'cosmos'])
      expect(file(`modules/${module}.bicep`).text).toContain("loadJsonContent('../../config/topology.json')");
    expect(Object.values(QUEUES)).toContain(
      file('modules/service-bus.bicep')
        .of('var')
        .find(({ name }) => name === 'requestsQueue')!.value,
    );
  });
});

describe('the environments', () => {
  const required = main.of('param').filter(({ value, type }) => value === undefined && !type.endsWith('?'));
  const known = main.of('param').map(({ name }) => name);

  it.each(['dev', 'staging', 'production'])('%s gives everything that is required, and nothing unknown', (name) => {
    const given = file(`environments/${name}.bicepparam`)
      .of('param')
      .map((one) => one.name);
    expect(required.map((one) => one.name).filter((one) => !given.includes(one))).toEqual([]);
    expect(given.filter((one) => !known.includes(one))).toEqual([]);
    expect(file(`environments/${name}.bicepparam`).of('param')[0]!.value).toBe(name);
  });

  it.each(['staging', 'production'])('%s keeps Service Bus private and opens nothing to developers', (name) => {
    const parameters = file(`environments/${name}.bicepparam`).of('param');
    expect(at(parameters.find((one) => one.name === 'sizing')!.value, 'serviceBusSku')).toBe('Premium');
    expect(parameters.find((one) => one.name === 'developerRanges')).toBeUndefined();
    expect(parameters.find((one) => one.name === 'privateCluster')).toBeUndefined();
  });
});

describe('Service Bus and Cosmos DB', () => {
  it('replace the rule that lets everything through by the first rule of a subscription', () => {
    const rules = file('modules/service-bus.bicep')
      .of('var')
      .find(({ name }) => name === 'rules')!;
    expect(text(rules.value)).toContain("name:ruleIndex==0?'$Default':rule.Name");
  });

  it('index operations the way they are listed', () => {
    const [containers] = resourcesOf(files, 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers');
    const [index] = at(
      containers!.body,
      'properties.resource.indexingPolicy.compositeIndexes',
    ) as unknown as Record_[][];
    expect(index!.map(({ path, order }) => [text(path), text(order)])).toEqual([
      ["container.id=='rejected'?'/receivedAt':'/createdAt'", 'descending'],
      ['/id', 'descending'],
    ]);
  });

  it('name the task hub as host.json does', () => {
    const [hub] = resourcesOf(files, 'Microsoft.DurableTask/schedulers/taskHubs');
    expect(text(hub!.body['name'])).toBe("loadJsonContent('../../host.json').extensions.durableTask.hubName");
  });
});

describe('the gateway', () => {
  it('breaks the circuit as the seeds have it', () => {
    const [backend] = resourcesOf(files, 'Microsoft.ApiManagement/service/backends');
    expect(at(backend!.body, 'properties.circuitBreaker.rules')).toEqual([
      {
        name: 'openai-throttle-breaker',
        failureCondition: {
          count: 3,
          interval: 'PT1M',
          statusCodeRanges: [
            { min: 429, max: 429 },
            { min: 500, max: 599 },
          ],
        },
        tripDuration: 'PT30S',
        acceptRetryAfter: true,
      },
    ]);
  });

  it('counts tokens by team and model, and logs no body', () => {
    const [diagnostics] = resourcesOf(files, 'Microsoft.ApiManagement/service/diagnostics');
    expect(at(diagnostics!.body, 'properties.metrics')).toBe(true);
    for (const side of ['frontend', 'backend'])
      for (const way of ['request', 'response'])
        expect(text(at(diagnostics!.body, `properties.${side}.${way}`))).toBe('nothingOfBodies');
    for (const policy of ['openai-api', 'kaito-api'])
      expect(readFileSync(path.join(folder, 'policies', `${policy}.xml`), 'utf8')).toContain('<llm-emit-token-metric');
  });

  it('writes a policy after the backend that it names', () => {
    const policy = file('modules/api-management.bicep')
      .of('resource')
      .find(({ name }) => name === 'openAiApiPolicy')!;
    expect((at(policy.value, 'dependsOn') as Value[]).map(text)).toContain('foundryBackend');
  });

  it('has nothing that is per team or per model', () => {
    for (const type of ['products', 'subscriptions', 'products/apis', 'products/policies'])
      expect(resourcesOf(files, `Microsoft.ApiManagement/service/${type}`)).toEqual([]);
    expect(resourcesOf(files, 'Microsoft.CognitiveServices/accounts/projects')).toEqual([]);
  });
});

it('loops are read as loops', () => {
  expect(
    file('modules/network.bicep')
      .of('resource')
      .some(({ value }) => value instanceof Loop),
  ).toBe(true);
});
