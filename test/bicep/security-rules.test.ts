/**
 * The security rules that apply to this platform, one named row each. Names are those of PSRule.Rules.Azure (`Azure.` left out) and of
 * Checkov (`CKV_AZURE_` shortened to `CKV`). A row either holds for every resource of its type, or it is waived with a reason.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../dev/paths.js';
import { at, Expression, readBicepFolder, resourcesOf, type Value } from '../support/bicep.js';

const files = readBicepFolder(path.join(ROOT, 'bicep'));

/** What a property must be: a value, or text that an expression must contain. */
type Wanted = Value | RegExp;
type Row =
  | [name: string, type: string, property: string, wanted: Wanted]
  | [name: string, holds: () => unknown[]]
  | [name: string, waiver: { waived: string }];

const SITES = 'Microsoft.Web/sites';
const BUS = 'Microsoft.ServiceBus/namespaces';
const COSMOS = 'Microsoft.DocumentDB/databaseAccounts';
const STORAGE = 'Microsoft.Storage/storageAccounts';
const VAULT = 'Microsoft.KeyVault/vaults';
const APIM = 'Microsoft.ApiManagement/service';
const FOUNDRY = 'Microsoft.CognitiveServices/accounts';
const AKS = 'Microsoft.ContainerService/managedClusters';
const REGISTRY = 'Microsoft.ContainerRegistry/registries';
const POSTGRES = 'Microsoft.DBforPostgreSQL/flexibleServers';
const CLOSED = /\?'Disabled':'Enabled'$/;
const TLS_OFF = 'Microsoft.WindowsAzure.ApiManagement.Gateway.Security';

const ROWS: Row[] = [
  ['AppService.ManagedIdentity (CKV71)', SITES, 'identity.type', 'UserAssigned'],
  ['AppService.UseHTTPS (CKV70)', SITES, 'properties.httpsOnly', true],
  ['AppService.MinTLS (CKV145)', SITES, 'properties.siteConfig.minTlsVersion', '1.2'],
  ['AppService.MinTLS of the deployment endpoint', SITES, 'properties.siteConfig.scmMinTlsVersion', '1.2'],
  ['AppService.RemoteDebug (CKV72)', SITES, 'properties.siteConfig.remoteDebuggingEnabled', false],
  ['AppService.WebSecureFtp (CKV78)', SITES, 'properties.siteConfig.ftpsState', 'Disabled'],
  ['AppService.NodeJsVersion', SITES, 'properties.functionAppConfig.runtime.name', 'node'],
  ['CKV221 public access only for named ranges', SITES, 'properties.publicNetworkAccess', CLOSED],
  ['CKV221 nobody by default', SITES, 'properties.siteConfig.ipSecurityRestrictionsDefaultAction', 'Deny'],
  ['CKV221 nobody deploys by default', SITES, 'properties.siteConfig.scmIpSecurityRestrictionsDefaultAction', 'Deny'],
  [
    'Publishing with a password is off',
    'Microsoft.Web/sites/basicPublishingCredentialsPolicies',
    'properties.allow',
    false,
  ],
  [
    'Deployment storage by identity',
    SITES,
    'properties.functionAppConfig.deployment.storage.authentication.type',
    'UserAssignedIdentity',
  ],
  [
    'CKV56 authentication in front of the app',
    { waived: 'callers are checked in code (HAI_AUTH), so the rule is the same under every host' },
  ],
  ['AppInsights.LocalAuth', 'Microsoft.Insights/components', 'properties.DisableLocalAuth', true],

  ['ServiceBus.DisableLocalAuth (CKV203)', BUS, 'properties.disableLocalAuth', true],
  ['ServiceBus.MinTLS (CKV205)', BUS, 'properties.minimumTlsVersion', '1.2'],
  ['CKV204 public access only for named ranges', BUS, 'properties.publicNetworkAccess', CLOSED],
  ['CKV204 nobody by default', 'Microsoft.ServiceBus/namespaces/networkRuleSets', 'properties.defaultAction', 'Deny'],
  [
    'CKV204 private endpoint in development',
    { waived: 'Standard has none; addresses limit it, staging and production are Premium' },
  ],
  ['CKV202 identity of the namespace', { waived: 'the namespace calls nobody: it has no keys of its own in a vault' }],
  [
    'CKV199, CKV201 keys of the customer',
    { waived: 'messages hold no secret, live days, and are encrypted with platform keys' },
  ],

  ['Cosmos.DisableLocalAuth (CKV140)', COSMOS, 'properties.disableLocalAuth', true],
  ['Cosmos.DisableMetadataWrite (CKV132)', COSMOS, 'properties.disableKeyBasedMetadataWriteAccess', true],
  ['Cosmos.MinTLS', COSMOS, 'properties.minimalTlsVersion', 'Tls12'],
  ['Cosmos.PublicAccess (CKV99, CKV101)', COSMOS, 'properties.publicNetworkAccess', CLOSED],
  ['Cosmos network bypass', COSMOS, 'properties.networkAclBypass', 'None'],
  [
    'Cosmos.DefenderCloud',
    { waived: 'a plan of the Azure subscription, not of the platform; docs/deploy.md names it' },
  ],

  ['Storage.LocalAuth (CKV206)', STORAGE, 'properties.allowSharedKeyAccess', false],
  ['Storage.MinTLS (CKV44)', STORAGE, 'properties.minimumTlsVersion', 'TLS1_2'],
  ['Storage.SecureTransfer (CKV3)', STORAGE, 'properties.supportsHttpsTrafficOnly', true],
  ['Storage.BlobPublicAccess (CKV59)', STORAGE, 'properties.allowBlobPublicAccess', false],
  [
    'Storage.BlobAccessType',
    'Microsoft.Storage/storageAccounts/blobServices/containers',
    'properties.publicAccess',
    'None',
  ],
  ['Storage.Firewall (CKV35)', STORAGE, 'properties.networkAcls.defaultAction', 'Deny'],
  ['Storage public access', STORAGE, 'properties.publicNetworkAccess', 'Disabled'],
  ['CKV33 logging of queues', { waived: 'classic logging; the diagnostic settings of the accounts take its place' }],

  ['KeyVault.RBAC, KeyVault.AccessPolicy', VAULT, 'properties.enableRbacAuthorization', true],
  ['KeyVault.Firewall (CKV109)', VAULT, 'properties.networkAcls.defaultAction', 'Deny'],
  ['KeyVault.SoftDelete (CKV111)', VAULT, 'properties.enableSoftDelete', true],
  ['KeyVault.PurgeProtect (CKV42, CKV110)', VAULT, 'properties.enablePurgeProtection', /^purgeProtection/],
  [
    'KeyVault.PurgeProtect off in development only',
    () => mainArguments('keyVault', 'purgeProtection', '!isDevelopment'),
  ],
  ['CKV189 public access of the vault', () => defaultOf('modules/key-vault.bicep', 'publicNetworkAccess', 'Disabled')],
  [
    'CKV41 expiry of secrets',
    { waived: 'a team key does not expire by itself: it is rotated, and revoked at the gateway' },
  ],

  ['APIM.ManagedIdentity', APIM, 'identity.type', 'SystemAssigned'],
  [
    'APIM.Protocols (CKV173)',
    APIM,
    'properties.customProperties',
    {
      [`${TLS_OFF}.Protocols.Tls10`]: 'False',
      [`${TLS_OFF}.Protocols.Tls11`]: 'False',
      [`${TLS_OFF}.Backend.Protocols.Tls10`]: 'False',
      [`${TLS_OFF}.Backend.Protocols.Tls11`]: 'False',
    },
  ],
  ['APIM.HTTPEndpoint', 'Microsoft.ApiManagement/service/apis', 'properties.protocols', ['https']],
  [
    'APIM.HTTPBackend (CKV215)',
    'Microsoft.ApiManagement/service/backends',
    'properties.url',
    /^'\$\{openAiUrl\}\/openai\/v1'$/,
  ],
  ['APIM.HTTPBackend of Foundry', () => outputOf('modules/foundry.bicep', 'openAiUrl', /^'https:\/\//)],
  ['APIM subscription required', 'Microsoft.ApiManagement/service/apis', 'properties.subscriptionRequired', true],
  ['CKV107 virtual network', APIM, 'properties.virtualNetworkType', 'External'],
  ['APIM.PolicyBase', () => policies().filter((text) => !text.includes('<inbound>\n    <base />'))],
  ['APIM no named values, so none is unencrypted (EncryptValues)', () => resourcesOf(files, `${APIM}/namedValues`)],
  ['APIM.SampleProducts', () => resourcesOf(files, `${APIM}/products`)],
  ['APIM.CORSPolicy', () => policies().filter((text) => text.includes('<cors'))],
  [
    'CKV174 public access of the gateway',
    { waived: 'teams call it from everywhere; a private gateway takes a second pass (docs/deploy.md)' },
  ],
  [
    'CKV152 client certificates',
    { waived: 'teams are known by their subscription key; clients of the OpenAI SDK have no certificate' },
  ],
  ['APIM.Ciphers', { waived: 'the v2 tiers choose their ciphers themselves; protocols below TLS 1.2 are off' }],
  ['APIM.DefenderCloud', { waived: 'a plan of the Azure subscription, not of the platform; docs/deploy.md names it' }],

  ['AI.DisableLocalAuth (CKV236)', FOUNDRY, 'properties.disableLocalAuth', true],
  ['AI.ManagedIdentity (CKV238)', FOUNDRY, 'identity.type', 'SystemAssigned'],
  ['AI.PublicAccess (CKV134)', FOUNDRY, 'properties.publicNetworkAccess', 'Disabled'],
  ['AI network rules', FOUNDRY, 'properties.networkAcls.defaultAction', 'Deny'],
  ['CKV247 loss of data', { waived: 'deployments call nobody; agents live in the teams’ own accounts' }],

  ['AKS.LocalAccounts (CKV141)', AKS, 'properties.disableLocalAccounts', true],
  ['AKS.ManagedAAD, AKS.AzureRBAC (CKV5)', AKS, 'properties.aadProfile.enableAzureRBAC', true],
  ['AKS.NetworkPolicy (CKV7)', AKS, 'properties.networkProfile.networkPolicy', 'cilium'],
  ['AKS.AuthorizedIPs (CKV6)', AKS, 'properties.apiServerAccessProfile.authorizedIPRanges', /authorizedIpRanges/],
  ['AKS private by default', () => defaultOf('modules/aks.bicep', 'privateCluster', true)],
  [
    'AKS.SecretStore (CKV172)',
    AKS,
    'properties.addonProfiles.azureKeyvaultSecretsProvider.config.enableSecretRotation',
    'true',
  ],
  ['CKV4 logging of the cluster', AKS, 'properties.addonProfiles.omsagent.enabled', true],
  ['AKS.AuditLogs', () => (textOf('modules/aks.bicep').includes("'kube-audit-admin'") ? [] : ['kube-audit-admin'])],
  ['AKS workload identity', AKS, 'properties.securityProfile.workloadIdentity.enabled', true],

  ['ACR.AdminUser', REGISTRY, 'properties.adminUserEnabled', false],
  ['ACR.AnonymousAccess', REGISTRY, 'properties.anonymousPullEnabled', false],
  ['ACR public access', REGISTRY, 'properties.publicNetworkAccess', /^isPremium\?'Disabled'/],
  ['PostgreSQL Entra only', POSTGRES, 'properties.authConfig.passwordAuth', 'Disabled'],
  ['PostgreSQL public access', POSTGRES, 'properties.network.publicNetworkAccess', 'Disabled'],
  [
    'VM.UseSSH only with keys',
    'Microsoft.Compute/virtualMachines',
    'properties.osProfile.linuxConfiguration.disablePasswordAuthentication',
    true,
  ],

  [
    'Deployment.OutputSecretValue',
    () =>
      files.flatMap(({ file, of }) =>
        of('output')
          .filter(isSecret)
          .map(({ name }) => `${file} ${name}`),
      ),
  ],
  [
    'Deployment.SecretLeak: no call that returns a key',
    () =>
      files
        .filter(({ text }) => /\blist(Keys|Secrets|Credentials|ConnectionStrings)?\w*\(/.test(text))
        .map(({ file }) => file),
  ],
  [
    'Deployment.SecureParameter',
    () =>
      files.flatMap(({ file, of }) =>
        of('param')
          .filter((one) => /password|secret(?!s)|accountKey/i.test(one.name) && !('secure' in one.decorators))
          .map(({ name }) => `${file} ${name}`),
      ),
  ],
  ['RBAC.LimitOwner', { waived: 'held by test/bicep/roles.test.ts, against the whole role table' }],
  ['VNET.UseNSGs', { waived: 'held by test/bicep/platform.test.ts, with NAT and delegations' }],
];

const isSecret = ({ name, value }: { name: string; value?: Value }): boolean =>
  /(key|secret|password|connectionString)$/i.test(name) ||
  (value instanceof Expression && /connectionString|primaryKey|list\w+\(/i.test(value.text));

const textOf = (file: string): string => files.find((one) => one.file === file)!.text;

function policies(): string[] {
  const folder = path.join(ROOT, 'bicep', 'policies');
  return readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'));
}

function defaultOf(file: string, parameter: string, wanted: Value): unknown[] {
  const found = files
    .find((one) => one.file === file)!
    .of('param')
    .find(({ name }) => name === parameter);
  return found?.value === wanted ? [] : [found?.value];
}

function outputOf(file: string, output: string, wanted: RegExp): unknown[] {
  const found = files
    .find((one) => one.file === file)!
    .of('output')
    .find(({ name }) => name === output);
  return found?.value instanceof Expression && wanted.test(found.value.text) ? [] : [found?.value];
}

function mainArguments(module: string, parameter: string, wanted: string): unknown[] {
  const found = files
    .find(({ file }) => file === 'main.bicep')!
    .of('module')
    .find(({ name }) => name === module);
  const value = at(found?.value, `params.${parameter}`);
  return value instanceof Expression && value.text === wanted ? [] : [value];
}

const fits = (found: Value | undefined, wanted: Wanted): boolean => {
  if (wanted instanceof RegExp) return wanted.test(found instanceof Expression ? found.text : String(found));
  return JSON.stringify(found) === JSON.stringify(wanted);
};

function offenders([, type, property, wanted]: [string, string, string, Wanted]): unknown[] {
  const all = resourcesOf(files, type);
  if (all.length === 0) return [`there is no ${type}`];
  return all
    .map(({ file, declaration, body }) => [`${file} ${declaration.name}`, at(body, property)] as const)
    .filter(([, found]) => !fits(found, wanted));
}

describe('the security rules', () => {
  const waived = ROWS.filter((row): row is [string, { waived: string }] => typeof row[1] === 'object');
  const held = ROWS.filter((row) => typeof row[1] !== 'object');

  it.each(held.map((row) => [row[0], row] as const))('%s', (_name, row) => {
    const found = typeof row[1] === 'function' ? row[1]() : offenders(row as [string, string, string, Wanted]);
    expect(found).toEqual([]);
  });

  it('are waived only with a reason', () => {
    expect(waived.filter(([, { waived: reason }]) => reason.length < 40)).toEqual([]);
  });

  it('are about sixty, each named once', () => {
    const names = ROWS.map(([name]) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(held.length).toBeGreaterThanOrEqual(60);
  });
});

describe('the logs', () => {
  /** Types that have logs worth keeping, and those whose logs go another way. */
  const ELSEWHERE: Record<string, string> = {
    'Microsoft.Web/serverfarms': 'a plan has metrics only',
    'Microsoft.DurableTask/schedulers': 'operations stand in Cosmos DB; the type documents no log categories',
    'Microsoft.Compute/virtualMachines': 'the activity log and Bastion’s audit log say who was there',
    'Microsoft.Monitor/accounts': 'holds metrics',
    'Microsoft.Insights/components': 'writes into the workspace itself',
  };
  const LOGGED = [SITES, BUS, COSMOS, STORAGE, VAULT, APIM, FOUNDRY, AKS, REGISTRY, POSTGRES];
  const MORE = ['Microsoft.Network/azureFirewalls', 'Microsoft.Network/bastionHosts', 'Microsoft.Dashboard/grafana'];

  it.each([...LOGGED, ...MORE])('of %s go to Log Analytics', (type) => {
    for (const { file, declaration } of resourcesOf(files, type)) {
      const settings = resourcesOf(
        files.filter((one) => one.file === file),
        'Microsoft.Insights/diagnosticSettings',
      );
      const scopes = settings.map(({ body }) => (body['scope'] as Expression).text);
      // A storage account has no logs of its own; its services have.
      const logged = type === STORAGE ? 'blobService' : declaration.name;
      expect([file, scopes]).toEqual([file, expect.arrayContaining([logged])]);
    }
  });

  it('of other types have a reason not to', () => {
    for (const [type, reason] of Object.entries(ELSEWHERE)) {
      expect(resourcesOf(files, type).length).toBeGreaterThan(0);
      expect(reason).not.toBe('');
    }
  });
});
