import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../dev/paths.js';
import { readCatalog } from '../../functions/config-files.js';
import {
  bodyOf,
  type Declaration,
  Expression,
  evaluate,
  type Record_,
  readBicepFolder,
  type Value,
} from '../support/bicep.js';

const files = readBicepFolder(path.join(ROOT, 'bicep'));

interface WorldResource {
  id: string;
  body: Record_;
}
const world = parse(readFileSync(path.join(ROOT, 'dev', 'world.yaml'), 'utf8')) as {
  location: string;
  resources: WorldResource[];
  kubernetes: { kind: string; metadata: { name: string } }[];
  network: { modelsSubnet: string; modelsPrefix: string };
};

/** What main.bicep gives to the modules, with the names of the embedded world. */
const GIVEN: Record_ = {
  baseName: 'hai-demo',
  location: world.location,
  openAiUrl: 'https://af-hai-demo.openai.azure.com',
  units: 1,
  publisher: { name: 'Platform team', email: 'platform@contoso.com' },
  publicNetworkAccess: 'Enabled',
  deploymentSku: 'GlobalStandard',
  deploymentCapacity: 500,
  enabledModels: readCatalog(path.join(ROOT, 'config')).foundry.filter(({ enabled }) => enabled) as unknown as Value,
  modelZone: 'kaito.internal',
  // A computed list; the world has the one zone that is not of a private endpoint.
  zoneNames: ['kaito.internal'],
  systemPool: { vmSize: 'Standard_D4ds_v5', count: 2 },
};

/** Where world and Bicep differ on purpose, by the end of the resource's id and the property. */
const DIFFERENCES: Record<string, string> = {
  'accounts/af-hai-demo properties.publicNetworkAccess': 'the world has no private endpoints',
  'managedClusters/aks-hai-demo identity.type': 'the world has no user-assigned identities',
  'service/apim-hai-demo identity.principalId': 'Azure makes it; the world must be told',
  'vaults/kv-hai-demo properties.tenantId': 'known at deployment',
};

/** Everything that the modules deploy with these names: by type and names, such as `…/service/apis apim-hai-demo/openai-api`. */
function deployed(): Map<string, Record_> {
  const found = new Map<string, Record_>();
  for (const { file, of } of files.filter(({ file }) => file.startsWith('modules/'))) {
    const variables = Object.fromEntries(of('var').map(({ name, value }) => [name, value!]));
    const scope = { ...variables, ...GIVEN };
    const names = new Map<string, string>();
    for (const declaration of of('resource')) {
      const bodies = [evaluate(declaration.value!, scope)].flat() as Record_[];
      for (const body of bodies) {
        const name = nameOf(body, declaration, names);
        if (!name) continue;
        names.set(declaration.name, name);
        if (!declaration.existing) found.set(`${declaration.type.split('@')[0]} ${name}`, withTexts(body, file));
      }
    }
  }
  return found;
}

function nameOf(body: Record_, declaration: Declaration, names: Map<string, string>): string | undefined {
  const own = body['name'];
  const parent = bodyOf(declaration)['parent'];
  if (typeof own !== 'string') return undefined;
  if (!(parent instanceof Expression)) return own;
  return names.has(parent.text) ? `${names.get(parent.text)}/${own}` : undefined;
}

/** `loadTextContent('…')` stands for the text of a file, as `$file` does in the world. */
function withTexts(body: Record_, file: string): Record_ {
  return JSON.parse(
    JSON.stringify(body, (_, value: unknown) => {
      if (!(value instanceof Expression)) return value;
      const [, relative] = /^loadTextContent\('(.+)'\)$/.exec(value.text) ?? [];
      if (!relative) return value;
      return readFileSync(path.join(ROOT, 'bicep', path.dirname(file), relative), 'utf8');
    }),
  ) as Record_;
}

/** `…/providers/Microsoft.X/a/n1/b/n2` → `Microsoft.X/a/b n1/n2`. */
function addressOf(id: string): string {
  const [, provider, ...pairs] = id.slice(id.lastIndexOf('/providers/') + 1).split('/');
  const types = pairs.filter((_, index) => index % 2 === 0);
  const names = pairs.filter((_, index) => index % 2 === 1);
  return `${provider}/${types.join('/')} ${names.join('/')}`;
}

/** Paths of what the world says otherwise than Bicep. */
function differences(said: Value, built: Value | undefined, at = ''): string[] {
  if (said === null || typeof said !== 'object') return said === built ? [] : [at.slice(1)];
  if (Array.isArray(said)) {
    if (!Array.isArray(built) || built.length !== said.length) return [at.slice(1)];
    return said.flatMap((item, index) => differences(item, built[index], `${at}.${index}`));
  }
  return Object.entries(said as Record_).flatMap(([key, value]) =>
    differences(value, (built as Record_ | undefined)?.[key], `${at}.${key}`),
  );
}

function readPolicy(value: Value): Value {
  return JSON.parse(
    JSON.stringify(value, (_, inner: unknown) => {
      const reference = (inner as { $file?: string } | null)?.$file;
      return reference ? readFileSync(path.join(ROOT, 'dev', reference), 'utf8') : inner;
    }),
  ) as Value;
}

const platform = world.resources.filter(({ id }) => /\/providers\//.test(id) && !id.includes('roleAssignments'));

describe('the embedded world and Bicep', () => {
  const built = deployed();

  it.each(platform.map(({ id, body }) => [addressOf(id), id, body]))('agree on %s', (address, id, body) => {
    expect([...built.keys()]).toContain(address);
    const short = id.split('/').slice(-2).join('/');
    const found = differences(readPolicy(body), built.get(address)).filter(
      (property) => !DIFFERENCES[`${short} ${property}`],
    );
    expect(found).toEqual([]);
  });

  it('have the same deployments, APIs, operations, backends and policies', () => {
    const children = /^Microsoft\.(ApiManagement\/service\/(apis|backends)|CognitiveServices\/accounts\/deployments)/;
    const inBicep = [...built.keys()].filter((address) => children.test(address)).sort();
    const inWorld = platform
      .map(({ id }) => addressOf(id))
      .filter((address) => children.test(address))
      .sort();
    expect(inWorld).toEqual(inBicep);
    expect(inBicep).toHaveLength(13);
  });

  it('differ only where it is said why', () => {
    const real = platform.flatMap(({ id, body }) =>
      differences(readPolicy(body), built.get(addressOf(id))).map(
        (property) => `${id.split('/').slice(-2).join('/')} ${property}`,
      ),
    );
    expect(real.sort()).toEqual(Object.keys(DIFFERENCES).sort());
  });

  it('have the same resource groups', () => {
    const groups = world.resources
      .filter(({ id }) => !id.includes('/providers/'))
      .map(({ id }) => id.split('/').at(-1));
    const main = files.find(({ file }) => file === 'main.bicep')!;
    const names = main
      .of('resource')
      .map((declaration) => evaluate(bodyOf(declaration)['name']!, { baseName: 'hai-demo' }));
    expect(groups).toEqual(names);
  });

  it('give the gateway the same right', () => {
    const [right] = world.resources.filter(({ id }) => id.includes('roleAssignments'));
    const rbac = files.find(({ file }) => file === 'rbac.bicep')!;
    const roles = rbac.of('var').find(({ name }) => name === 'roles')!.value as Record_;
    const { roleDefinitionId } = right!.body['properties'] as Record_;
    expect(String(roleDefinitionId).split('/').at(-1)).toBe(roles['cognitiveServicesOpenAiUser']);
  });

  it('have the same namespace and the same subnet for the models', () => {
    const main = files.find(({ file }) => file === 'main.bicep')!;
    const namespace = main.of('var').find(({ name }) => name === 'kaitoNamespace')!.value;
    expect(world.kubernetes.map(({ metadata }) => metadata.name)).toContain(namespace);
    const subnets = files.find(({ file }) => file === 'subnets.bicep')!;
    expect(subnets.text).toContain(`${world.network.modelsSubnet}: { prefix: cidrSubnet(vnetAddressPrefix, 24, 8)`);
    expect(world.network.modelsPrefix).toBe('10.10.8.0/24');
  });
});
