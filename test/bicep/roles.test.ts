import path from 'node:path';
import { ROOT } from '../../dev/paths.js';
import { EVENTS_TOPIC, QUEUES } from '../../functions/wiring.js';
import { ROLES } from '../../shared/model/roles.js';
import { at, Expression, type Record_, readBicepFolder, resourcesOf, type Value } from '../support/bicep.js';

const files = readBicepFolder(path.join(ROOT, 'bicep'));
const rbac = files.find(({ file }) => file === 'rbac.bicep')!;
const variable = (name: string): Value => rbac.of('var').find((one) => one.name === name)!.value!;

/** The role table of the platform: who, role, on what. Bicep must say exactly this; a row more or less is a decision to make here first. */
const TABLE = `
cluster        networkContributor                   network
cluster        monitoringDataReader                 monitorWorkspace
cluster        logAnalyticsContributor              logWorkspace
kubelet        acrPull                              registry
apiManagement  cognitiveServicesOpenAiUser          foundry
apiManagement  monitoringMetricsPublisher           appInsights
grafana        monitoringDataReader                 monitorWorkspace
grafana        monitoringReader                     resourceGroup
api            storageBlobDataOwner                 apiStorage
api            storageQueueDataContributor          apiStorage
api            storageTableDataContributor          apiStorage
api            monitoringMetricsPublisher           appInsights
api            serviceBusDataSender                 commandsQueue
worker         storageBlobDataOwner                 workerStorage
worker         storageQueueDataContributor          workerStorage
worker         storageTableDataContributor          workerStorage
worker         monitoringMetricsPublisher           appInsights
worker         serviceBusDataReceiver               requestsQueue
worker         serviceBusDataSender                 requestsQueue
worker         serviceBusDataReceiver               commandsQueue
worker         serviceBusDataSender                 commandsQueue
worker         serviceBusDataSender                 eventsTopic
worker         apiManagementWriter                  apiManagement
worker         keyVaultSecretsOfficer               keyVault
worker         privateDnsZoneContributor            modelZone
worker         aksClusterUser                       aks
worker         agentPoolKeeper                      aks
worker         cognitiveServicesContributor         teamsResourceGroup
worker         roleBasedAccessControlAdministrator  teamsResourceGroup
worker         roleBasedAccessControlAdministrator  keyVault
worker         durableTaskDataContributor           taskHub
operators      aksRbacClusterAdmin                  aks
operators      grafanaAdmin                         grafana
name           serviceBusDataSender                 requestsQueue
name           serviceBusDataReceiver               ticketsSubscription
`;

/** Roles that would make the careful ones above pointless: Owner, Contributor, User Access Administrator, Service Bus Data Owner. */
const NEVER = [
  '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
  'b24988ac-6180-42a0-ab88-20f7382dd24c',
  '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9',
  '090c5cfd-751d-490a-894a-3ce6f1109419',
  '312a565d-c81f-4fd8-895a-4e21e48d571c',
];

const rows = (name: string): Record_[] => {
  const value = variable(name);
  if (Array.isArray(value)) return value as Record_[];
  // Rows made for each ticketing system: `{stage:'platform',to:name,role:'…',on:'…'}`.
  return [...(value as Expression).text.matchAll(/to:(\w+),role:'(\w+)',on:'(\w+)'/g)].map(([, to, role, on]) => ({
    to: to!,
    role: role!,
    on: on!,
  }));
};
const allRows = ['always', 'withScheduler', 'withOperators', 'withTicketing'].flatMap(rows);

describe('the rights', () => {
  it('are those of the table', () => {
    const wanted = TABLE.trim()
      .split('\n')
      .map((line) => line.split(/\s+/).join(' '));
    const found = allRows.map(({ to, role, on }) => `${String(to)} ${String(role)} ${String(on)}`);
    expect(found.sort()).toEqual(wanted.sort());
  });

  it('stand in rbac.bicep and in the two modules that apply its rows elsewhere', () => {
    const places = [
      'Microsoft.Authorization/roleAssignments',
      'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments',
    ]
      .flatMap((type) => resourcesOf(files, type))
      .map(({ file }) => file);
    expect([...new Set(places)].sort()).toEqual([
      'modules/resource-group-grants.bicep',
      'modules/subscription-grants.bicep',
      'rbac.bicep',
    ]);
    const users = files.filter(({ text }) => text.includes('-grants.bicep')).map(({ file }) => file);
    expect(users).toEqual(['rbac.bicep']);
  });

  it('have a block for every resource that the table names, and none for others', () => {
    const blocks = [...rbac.text.matchAll(/filter\(grants, grant => grant\.on == '(\w+)'\)/g)].map((match) => match[1]);
    expect(blocks.sort()).toEqual([...new Set(allRows.map(({ on }) => on))].sort());
  });

  it('are given on the very resource that a block is for', () => {
    for (const { declaration, body } of resourcesOf([rbac], 'Microsoft.Authorization/roleAssignments')) {
      const on = declaration.name.replace(/^on(.)/, (_, letter: string) => letter.toLowerCase());
      const scope = body['scope'];
      expect([on, scope instanceof Expression ? scope.text : 'resourceGroup']).toEqual([on, on]);
    }
  });

  it('name roles by id, each known to the table', () => {
    const roles = variable('roles') as Record_;
    expect(
      Object.keys(roles)
        .filter((role) => !allRows.some((row) => row['role'] === role))
        .sort(),
    ).toEqual(
      // Those that hai may assign to others, but nobody is given here.
      ['foundryUser', 'keyVaultSecretsUser', 'reader'],
    );
    for (const { role } of allRows) expect(roles).toHaveProperty(String(role));
    expect(files.filter(({ text }) => NEVER.some((id) => text.includes(id))).map(({ file }) => file)).toEqual([]);
  });

  it('let hai assign exactly the roles that its code assigns, under a condition', () => {
    const roles = variable('roles') as Record_;
    expect({ foundryUser: roles['foundryUser'], reader: roles['reader'] }).toEqual({
      foundryUser: ROLES.foundryUser,
      reader: ROLES.reader,
    });
    expect(roles['keyVaultSecretsUser']).toBe(ROLES.keyVaultSecretsUser);
    expect((variable('assignOnAccounts') as Expression).text).toContain('[roles.foundryUser,roles.reader]');
    expect((variable('assignOnSecrets') as Expression).text).toContain('[roles.keyVaultSecretsUser]');
    const administrators = allRows.filter(({ role }) => role === 'roleBasedAccessControlAdministrator');
    expect(administrators.map(({ on, condition }) => [on, (condition as Expression).text])).toEqual([
      ['teamsResourceGroup', 'assignOnAccounts'],
      ['keyVault', 'assignOnSecrets'],
    ]);
    const applied = resourcesOf(files, 'Microsoft.Authorization/roleAssignments').filter(({ declaration }) =>
      ['onKeyVault', 'assignments'].includes(declaration.name),
    );
    expect(applied.map(({ body }) => (at(body, 'properties.condition') as Expression).text)).toEqual([
      'grant.?condition',
      'grant.?condition',
    ]);
  });

  it('never make hai an administrator of the cluster', () => {
    const administrators = allRows.filter(({ role }) => role === 'aksRbacClusterAdmin').map(({ to }) => to);
    expect(administrators).toEqual(['operators']);
  });

  it('keep the api tier away from everything but its storage, its telemetry, one queue and its documents', () => {
    const scopes = allRows.filter(({ to }) => to === 'api').map(({ on }) => String(on));
    expect([...new Set(scopes)].sort()).toEqual(['apiStorage', 'appInsights', 'commandsQueue']);
  });

  it('are given on the queues and the topic of the code', () => {
    for (const name of [...Object.values(QUEUES), EVENTS_TOPIC]) expect(rbac.text).toContain(`name: '${name}'`);
  });

  it('come before the cluster for its identity, and after it for all others', () => {
    const early = (variable('always') as Record_[]).filter(({ stage }) => stage === 'clusterIdentity');
    expect(early.map(({ to }) => to)).toEqual(['cluster', 'cluster', 'cluster']);
    const aks = files
      .find(({ file }) => file === 'main.bicep')!
      .of('module')
      .find(({ name }) => name === 'aks')!;
    expect(at(aks.value, 'dependsOn')).toContainEqual(new Expression('clusterIdentityRights'));
  });

  it('give every principal its type, so that a new identity is not looked up before it is replicated', () => {
    for (const { file, declaration, body } of resourcesOf(files, 'Microsoft.Authorization/roleAssignments'))
      expect([file, declaration.name, at(body, 'properties.principalType')]).not.toContain(undefined);
  });
});

describe('the custom roles', () => {
  const definitions = resourcesOf(files, 'Microsoft.Authorization/roleDefinitions');
  const actionsOf = (body: Record_) => at((at(body, 'properties.permissions') as Value[])[0], 'actions') as string[];

  it('carry the base name in theirs, since a tenant has each name once', () => {
    const all = [...definitions, ...resourcesOf(files, 'Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions')];
    expect(all).toHaveLength(4);
    for (const { body } of all)
      expect((at(body, 'properties.roleName') as Expression).text).toMatch(/^'hai .+\(\$\{baseName\}\)'$/);
  });

  it('hold no wildcard, and nothing that writes the service, an API, or a policy of all APIs', () => {
    for (const action of definitions.flatMap(({ body }) => actionsOf(body))) {
      expect(action).not.toContain('*');
      expect(action).not.toMatch(/service\/(write|delete|apis|namedValues|policies)/);
    }
  });

  it('reach the Azure subscription with purging and quotas only', () => {
    const wide = definitions.filter(({ file }) => file === 'modules/subscription-grants.bicep');
    expect(wide.flatMap(({ body }) => actionsOf(body))).toEqual([
      'Microsoft.CognitiveServices/locations/resourceGroups/deletedAccounts/read',
      'Microsoft.CognitiveServices/locations/resourceGroups/deletedAccounts/delete',
      'Microsoft.CognitiveServices/locations/usages/read',
    ]);
  });

  it('let the audit trail be added to and read, never changed', () => {
    const [appender] = resourcesOf(files, 'Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions');
    const actions = at((at(appender!.body, 'properties.permissions') as Value[])[0], 'dataActions') as string[];
    expect(actions.map((action) => action.split('/').at(-1))).toEqual([
      'readMetadata',
      'executeQuery',
      'create',
      'read',
    ]);
  });

  it('give each tier its documents in Cosmos DB', () => {
    const table = (variable('cosmosTable') as Record_[]).map(({ to, role, container }) => [
      to,
      (role as Expression).text,
      container,
    ]);
    expect(table).toEqual([
      ['api', 'cosmosContributor', 'access'],
      ['api', 'cosmosReader', 'rejected'],
      ['api', 'cosmosAppender', 'audit'],
      ['worker', 'cosmosContributor', 'access'],
      ['worker', 'cosmosContributor', 'rejected'],
      ['worker', 'cosmosAppender', 'audit'],
    ]);
  });
});
