// Who may do what: every role assignment of the platform stands in the tables below, and nowhere else. Roles are given by id (names change),
// at the smallest scope that exists; where a built-in role is too wide, a custom one with the base name in its name takes its place.
//
// It runs twice. AKS checks at creation that its identity may join subnets, so the rows of stage `clusterIdentity` come before the cluster; all
// others come after it. The identities exist before both (modules/identities.bicep), so there is no cycle.

@description('Required. Base of all names, for example hai-twej.')
param baseName string

@description('Required. Which rows are applied: those that the cluster waits for, or all others.')
param stage 'clusterIdentity' | 'platform'

@description('Required. Object ids of those who are given roles. The second stage needs all of them, the first only `cluster`.')
param principals principalsType

@description('Required. Names of the resources that roles are given on.')
param resources resourceNamesType

@description('Optional. Resource group of the teams\' own Foundry accounts. The second stage needs it.')
param teamsResourceGroup string = ''

@description('Optional. Name of the Cosmos database. The second stage needs it.')
param cosmosDatabase string = ''

@description('Optional. Containers of the Cosmos database.')
param cosmosContainers string[] = []

@description('Optional. Whether the Durable history lives in the Durable Task Scheduler.')
param usesScheduler bool = false

@description('Object ids by actor.')
type principalsType = {
  cluster: string
  @description('The app that answers callers.')
  api: string?
  @description('The app that changes Azure.')
  worker: string?
  apiManagement: string?
  grafana: string?
  @description('Identity that the nodes pull images with.')
  kubelet: string?
  @description('Entra group of the platform team.')
  operators: string?
  @description('Ticketing systems: send requests, receive the events of their tickets.')
  ticketing: string[]?
}

@description('Names of resources in this resource group.')
type resourceNamesType = {
  network: string
  logWorkspace: string
  monitorWorkspace: string
  grafana: string?
  appInsights: string?
  keyVault: string?
  registry: string?
  foundry: string?
  apiManagement: string?
  aks: string?
  modelZone: string?
  serviceBus: string?
  cosmos: string?
  scheduler: string?
  apiStorage: string?
  workerStorage: string?
}

@description('One row: who gets which role on what. A condition narrows what its holder may assign to others.')
type grantType = {
  stage: 'clusterIdentity' | 'platform'
  to: string
  role: string
  on: string
  principalType: 'Group'?
  condition: string?
}

var apiManagementWriter = guid(resourceGroup().id, 'api-management-writer')
var agentPoolKeeper = guid(resourceGroup().id, 'agent-pool-keeper')
var roles = {
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d'
  aksClusterUser: '4abbcc35-e782-43d8-92c5-2d3f1bd2253f'
  aksRbacClusterAdmin: 'b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b'
  cognitiveServicesContributor: '25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68'
  cognitiveServicesOpenAiUser: '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
  durableTaskDataContributor: '0ad04412-c4d5-4796-b79c-f76d14c8d402'
  foundryUser: '53ca6127-db72-4b80-b1b0-d745d6d5456d'
  grafanaAdmin: '22926164-76b3-42b3-bc55-97df8dab3e41'
  keyVaultSecretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  logAnalyticsContributor: '92aaf0da-9dab-42b6-94a3-d43ce8d16293'
  monitoringDataReader: 'b0d8363b-8ddd-447d-831f-62ca05bff136'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  monitoringReader: '43d0d8ad-25c7-4714-9337-8ba259a9fe05'
  networkContributor: '4d97b98b-1d4f-4787-a291-c67834d212e7'
  privateDnsZoneContributor: 'b12aa53e-6015-4669-85d0-8515ebb3ae7f'
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
  roleBasedAccessControlAdministrator: 'f58310d9-a9f6-439a-9e8d-f62e7b41a168'
  serviceBusDataReceiver: '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
  serviceBusDataSender: '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  apiManagementWriter: apiManagementWriter
  agentPoolKeeper: agentPoolKeeper
}

// hai may give and take these roles only, to these kinds of principals only: it can never widen its own rights.
func mayAssign(roleIds string[], principalTypes string[]) string =>
  '((!(ActionMatches{\'Microsoft.Authorization/roleAssignments/write\'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${join(roleIds, ', ')}} AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {\'${join(principalTypes, '\', \'')}\'})) AND ((!(ActionMatches{\'Microsoft.Authorization/roleAssignments/delete\'})) OR (@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${join(roleIds, ', ')}} AND @Resource[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {\'${join(principalTypes, '\', \'')}\'}))'

// Members and the projects' own identities get Foundry User and Reader on accounts and projects; only members read a secret.
var assignOnAccounts = mayAssign([roles.foundryUser, roles.reader], ['User', 'Group', 'ServicePrincipal'])
var assignOnSecrets = mayAssign([roles.keyVaultSecretsUser], ['User', 'Group', 'ServicePrincipal'])

var ticketing = map(range(0, length(principals.?ticketing ?? [])), index => 'ticketing${index}')
var principalIds = union(
  reduce(
    map(range(0, length(ticketing)), index => { '${ticketing[index]}': principals.ticketing![index] }),
    {},
    (all, one) => union(all, one)
  ),
  {
    cluster: principals.cluster
    api: principals.?api ?? ''
    worker: principals.?worker ?? ''
    apiManagement: principals.?apiManagement ?? ''
    grafana: principals.?grafana ?? ''
    kubelet: principals.?kubelet ?? ''
    operators: principals.?operators ?? ''
  }
)

// The table.
var always grantType[] = [
  { stage: 'clusterIdentity', to: 'cluster', role: 'networkContributor', on: 'network' }
  { stage: 'clusterIdentity', to: 'cluster', role: 'monitoringDataReader', on: 'monitorWorkspace' }
  { stage: 'clusterIdentity', to: 'cluster', role: 'logAnalyticsContributor', on: 'logWorkspace' }

  { stage: 'platform', to: 'apiManagement', role: 'cognitiveServicesOpenAiUser', on: 'foundry' }
  { stage: 'platform', to: 'apiManagement', role: 'monitoringMetricsPublisher', on: 'appInsights' }
  { stage: 'platform', to: 'grafana', role: 'monitoringDataReader', on: 'monitorWorkspace' }
  { stage: 'platform', to: 'grafana', role: 'monitoringReader', on: 'resourceGroup' }
  { stage: 'platform', to: 'kubelet', role: 'acrPull', on: 'registry' }

  { stage: 'platform', to: 'api', role: 'storageBlobDataOwner', on: 'apiStorage' }
  { stage: 'platform', to: 'api', role: 'storageQueueDataContributor', on: 'apiStorage' }
  { stage: 'platform', to: 'api', role: 'storageTableDataContributor', on: 'apiStorage' }
  { stage: 'platform', to: 'api', role: 'monitoringMetricsPublisher', on: 'appInsights' }
  { stage: 'platform', to: 'api', role: 'serviceBusDataSender', on: 'commandsQueue' }

  { stage: 'platform', to: 'worker', role: 'storageBlobDataOwner', on: 'workerStorage' }
  { stage: 'platform', to: 'worker', role: 'storageQueueDataContributor', on: 'workerStorage' }
  { stage: 'platform', to: 'worker', role: 'storageTableDataContributor', on: 'workerStorage' }
  { stage: 'platform', to: 'worker', role: 'monitoringMetricsPublisher', on: 'appInsights' }
  { stage: 'platform', to: 'worker', role: 'serviceBusDataReceiver', on: 'requestsQueue' }
  { stage: 'platform', to: 'worker', role: 'serviceBusDataSender', on: 'requestsQueue' }
  { stage: 'platform', to: 'worker', role: 'serviceBusDataReceiver', on: 'commandsQueue' }
  { stage: 'platform', to: 'worker', role: 'serviceBusDataSender', on: 'commandsQueue' }
  { stage: 'platform', to: 'worker', role: 'serviceBusDataSender', on: 'eventsTopic' }
  { stage: 'platform', to: 'worker', role: 'apiManagementWriter', on: 'apiManagement' }
  { stage: 'platform', to: 'worker', role: 'keyVaultSecretsOfficer', on: 'keyVault' }
  { stage: 'platform', to: 'worker', role: 'privateDnsZoneContributor', on: 'modelZone' }
  { stage: 'platform', to: 'worker', role: 'aksClusterUser', on: 'aks' }
  { stage: 'platform', to: 'worker', role: 'agentPoolKeeper', on: 'aks' }
  { stage: 'platform', to: 'worker', role: 'cognitiveServicesContributor', on: 'teamsResourceGroup' }
  { stage: 'platform', to: 'worker', role: 'roleBasedAccessControlAdministrator', on: 'teamsResourceGroup', condition: assignOnAccounts }
  { stage: 'platform', to: 'worker', role: 'roleBasedAccessControlAdministrator', on: 'keyVault', condition: assignOnSecrets }
]
var withScheduler grantType[] = [
  { stage: 'platform', to: 'worker', role: 'durableTaskDataContributor', on: 'taskHub' }
]
// The platform team installs namespace, Role and RoleBinding once, and looks at dashboards. hai itself is never a cluster administrator.
var withOperators grantType[] = [
  { stage: 'platform', to: 'operators', role: 'aksRbacClusterAdmin', on: 'aks', principalType: 'Group' }
  { stage: 'platform', to: 'operators', role: 'grafanaAdmin', on: 'grafana', principalType: 'Group' }
]
var withTicketing grantType[] = flatten(map(ticketing, name => [
  { stage: 'platform', to: name, role: 'serviceBusDataSender', on: 'requestsQueue' }
  { stage: 'platform', to: name, role: 'serviceBusDataReceiver', on: 'ticketsSubscription' }
]))
var grants = filter(
  concat(always, usesScheduler ? withScheduler : [], empty(principals.?operators) ? [] : withOperators, withTicketing),
  grant => grant.stage == stage
)

// What the account knows beside it: data roles of Cosmos DB. The audit trail can be added to and read, never changed.
var cosmosReader = '00000000-0000-0000-0000-000000000001'
var cosmosContributor = '00000000-0000-0000-0000-000000000002'
var cosmosAppender = guid(resourceGroup().id, 'audit-appender')
var cosmosTable = [
  { to: 'api', role: cosmosContributor, container: 'access' }
  { to: 'api', role: cosmosReader, container: 'rejected' }
  { to: 'api', role: cosmosAppender, container: 'audit' }
  { to: 'worker', role: cosmosContributor, container: 'access' }
  { to: 'worker', role: cosmosContributor, container: 'rejected' }
  { to: 'worker', role: cosmosAppender, container: 'audit' }
]
var cosmosGrants = filter(cosmosTable, grant => stage == 'platform' && contains(cosmosContainers, grant.container))

resource apiManagementWriterRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (stage == 'platform') {
  name: apiManagementWriter
  properties: {
    roleName: 'hai API Management writer (${baseName})'
    description: 'Products, their policies and APIs, subscriptions with their keys, and backends. Not the service, its APIs or its global policy.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: [
          'Microsoft.ApiManagement/service/read'
          'Microsoft.ApiManagement/service/products/read'
          'Microsoft.ApiManagement/service/products/write'
          'Microsoft.ApiManagement/service/products/delete'
          'Microsoft.ApiManagement/service/products/apis/read'
          'Microsoft.ApiManagement/service/products/apis/write'
          'Microsoft.ApiManagement/service/products/apis/delete'
          'Microsoft.ApiManagement/service/products/policies/read'
          'Microsoft.ApiManagement/service/products/policies/write'
          'Microsoft.ApiManagement/service/products/policies/delete'
          'Microsoft.ApiManagement/service/subscriptions/read'
          'Microsoft.ApiManagement/service/subscriptions/write'
          'Microsoft.ApiManagement/service/subscriptions/delete'
          'Microsoft.ApiManagement/service/subscriptions/listSecrets/action'
          'Microsoft.ApiManagement/service/backends/read'
          'Microsoft.ApiManagement/service/backends/write'
          'Microsoft.ApiManagement/service/backends/delete'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource agentPoolKeeperRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (stage == 'platform') {
  name: agentPoolKeeper
  properties: {
    roleName: 'hai agent pool keeper (${baseName})'
    description: 'Reads agent pools and deletes those that the KAITO add-on leaves behind. Nothing else of the cluster.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: [
          'Microsoft.ContainerService/managedClusters/agentPools/read'
          'Microsoft.ContainerService/managedClusters/agentPools/delete'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

// Purging a deleted account and reading quotas can be allowed at no smaller scope than the Azure subscription.
module subscriptionGrants 'modules/subscription-grants.bicep' = if (stage == 'platform') {
  scope: subscription()
  params: { baseName: baseName, workerPrincipalId: principalIds.worker }
}

module teamsGrants 'modules/resource-group-grants.bicep' = if (stage == 'platform') {
  scope: resourceGroup(teamsResourceGroup)
  params: {
    grants: map(filter(grants, grant => grant.on == 'teamsResourceGroup'), grant => {
      principalId: principalIds[grant.to]
      roleId: roles[grant.role]
      condition: grant.?condition
    })
  }
}

// The resources that roles are given on. In the first stage most do not exist yet; nothing is read of them.
resource network 'Microsoft.Network/virtualNetworks@2025-09-01' existing = { name: resources.network }
resource logWorkspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = { name: resources.logWorkspace }
resource monitorWorkspace 'Microsoft.Monitor/accounts@2025-10-03' existing = { name: resources.monitorWorkspace }
resource grafana 'Microsoft.Dashboard/grafana@2025-08-01' existing = { name: resources.?grafana ?? 'none' }
resource appInsights 'Microsoft.Insights/components@2020-02-02' existing = { name: resources.?appInsights ?? 'none' }
resource keyVault 'Microsoft.KeyVault/vaults@2025-05-01' existing = { name: resources.?keyVault ?? 'none' }
resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = { name: resources.?registry ?? 'registrynone' }
resource foundry 'Microsoft.CognitiveServices/accounts@2026-07-01' existing = { name: resources.?foundry ?? 'none' }
resource apiManagement 'Microsoft.ApiManagement/service@2024-05-01' existing = { name: resources.?apiManagement ?? 'none' }
resource aks 'Microsoft.ContainerService/managedClusters@2026-05-01' existing = { name: resources.?aks ?? 'none' }
resource modelZone 'Microsoft.Network/privateDnsZones@2024-06-01' existing = { name: resources.?modelZone ?? 'none' }
resource apiStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = { name: resources.?apiStorage ?? 'none' }
resource workerStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = { name: resources.?workerStorage ?? 'none' }
resource serviceBus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = { name: resources.?serviceBus ?? 'none-none' }
resource requestsQueue 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' existing = { parent: serviceBus, name: 'access-requests' }
resource commandsQueue 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' existing = { parent: serviceBus, name: 'operation-commands' }
resource eventsTopic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' existing = { parent: serviceBus, name: 'access-events' }
resource ticketsSubscription 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' existing = { parent: eventsTopic, name: 'tickets' }
resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' existing = { name: resources.?scheduler ?? 'none' }
resource taskHub 'Microsoft.DurableTask/schedulers/taskHubs@2025-11-01' existing = { parent: scheduler, name: loadJsonContent('../host.json').extensions.durableTask.hubName }
resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2025-10-15' existing = { name: resources.?cosmos ?? 'none' }

// One block per resource: Bicep wants the scope of an assignment as a symbol.
resource onNetwork 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'network'): {
    scope: network
    name: guid(network.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onLogWorkspace 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'logWorkspace'): {
    scope: logWorkspace
    name: guid(logWorkspace.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onMonitorWorkspace 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'monitorWorkspace'): {
    scope: monitorWorkspace
    name: guid(monitorWorkspace.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onGrafana 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'grafana'): {
    scope: grafana
    name: guid(grafana.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onAppInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'appInsights'): {
    scope: appInsights
    name: guid(appInsights.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onKeyVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'keyVault'): {
    scope: keyVault
    name: guid(keyVault.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
      condition: grant.?condition
      conditionVersion: grant.?condition == null ? null : '2.0'
    }
  }
]

resource onRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'registry'): {
    scope: registry
    name: guid(registry.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onFoundry 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'foundry'): {
    scope: foundry
    name: guid(foundry.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onApiManagement 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'apiManagement'): {
    scope: apiManagement
    name: guid(apiManagement.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
    dependsOn: [apiManagementWriterRole]
  }
]

resource onAks 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'aks'): {
    scope: aks
    name: guid(aks.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
    dependsOn: [agentPoolKeeperRole]
  }
]

resource onModelZone 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'modelZone'): {
    scope: modelZone
    name: guid(modelZone.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onApiStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'apiStorage'): {
    scope: apiStorage
    name: guid(apiStorage.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onWorkerStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'workerStorage'): {
    scope: workerStorage
    name: guid(workerStorage.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onRequestsQueue 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'requestsQueue'): {
    scope: requestsQueue
    name: guid(requestsQueue.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onCommandsQueue 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'commandsQueue'): {
    scope: commandsQueue
    name: guid(commandsQueue.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onEventsTopic 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'eventsTopic'): {
    scope: eventsTopic
    name: guid(eventsTopic.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onTicketsSubscription 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'ticketsSubscription'): {
    scope: ticketsSubscription
    name: guid(ticketsSubscription.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onTaskHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'taskHub'): {
    scope: taskHub
    name: guid(taskHub.id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource onResourceGroup 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in filter(grants, grant => grant.on == 'resourceGroup'): {
    name: guid(resourceGroup().id, principalIds[grant.to], roles[grant.role])
    properties: {
      principalId: principalIds[grant.to]
      principalType: grant.?principalType ?? 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    }
  }
]

resource auditAppender 'Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions@2025-10-15' = if (stage == 'platform') {
  parent: cosmos
  name: cosmosAppender
  properties: {
    roleName: 'hai audit appender (${baseName})'
    type: 'CustomRole'
    assignableScopes: [cosmos.id]
    permissions: [
      {
        dataActions: [
          'Microsoft.DocumentDB/databaseAccounts/readMetadata'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeQuery'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/create'
          'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/read'
        ]
      }
    ]
  }
}

// The account takes one change of its roles at a time.
@batchSize(1)
resource onCosmos 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2025-10-15' = [
  for grant in cosmosGrants: {
    parent: cosmos
    name: guid(cosmos.id, principalIds[grant.to], grant.role, grant.container)
    properties: {
      principalId: principalIds[grant.to]
      roleDefinitionId: '${cosmos.id}/sqlRoleDefinitions/${grant.role}'
      scope: '${cosmos.id}/dbs/${cosmosDatabase}/colls/${grant.container}'
    }
    dependsOn: [auditAppender]
  }
]
