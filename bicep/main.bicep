// The static platform of hai, as a parts list: what it is made of, in the order in which the parts need each other. What exists per team or per
// shared model is not here; hai makes it at run time. Rights stand in rbac.bicep, names and tags are made once below.

targetScope = 'subscription'

import { environmentNameType, namedRangeType, resourceTagsType, sizingType } from 'types.bicep'
import { standardSubnets } from 'subnets.bicep'
import { maintenanceWindowType } from 'modules/aks.bicep'
import { poolType } from 'modules/agent-pools.bicep'

@description('Required. Which environment this is.')
param environmentName environmentNameType

@description('Required. Region of everything.')
param location string

@description('Optional. First part of all names.')
@maxLength(6)
param prefix string = 'hai'

@description('Required. Who owns the platform, who runs it, who pays, and what for: the tags of every resource.')
param ownership { owner: string, team: string, costCenter: string, purpose: string }

@description('Required. Capacity and durability.')
param sizing sizingType

@description('Required. Publisher of the gateway, and who is told about failures and costs.')
param contacts { publisherName: string, publisherEmail: string, pageEmails: string[], costEmails: string[] }

@description('Required. Entra group of the platform team: administers cluster, dashboards and databases.')
param operatorsGroup { objectId: string, name: string }

@description('Optional. Object ids of the ticketing systems\' identities: they send requests and receive the events of their tickets.')
param ticketingPrincipalIds string[] = []

// hai knows no sign-in yet: `none` lets everybody in as a developer with all roles, and the code accepts it only where
// AZURE_FUNCTIONS_ENVIRONMENT is Development. So staging and production can be provisioned and their apps refuse to start, until the value
// for Entra comes with the sign-in. In development the addresses below are all that keeps strangers out.
@description('Optional. How callers are known (setting HAI_AUTH).')
param authentication 'none' = 'none'

@description('Optional. Whether this deployment registers the Entra application of hai. Needs a deployer who may.')
param registerApplication bool = false

@description('Optional. Who may call the api tier. Empty: nobody from outside.')
param apiRanges namedRangeType[] = []

@description('Optional. Machines that deploy the apps and run the smoke check.')
param deployerRanges namedRangeType[] = []

@description('Optional. Development only: people who run hai at their desk against Cosmos DB, Service Bus and Key Vault of this environment.')
param developerRanges namedRangeType[] = []

@description('Optional. Outsiders on the public address of Service Bus, such as a ticketing system in another cloud.')
param ticketingRanges namedRangeType[] = []

@description('Optional. Address space of the virtual network, a /16.')
param vnetAddressPrefix string = '10.10.0.0/16'

@description('Optional. How everything leaves the network: through a NAT gateway, or through the firewall of a hub. Decided once: a cluster cannot change it.')
param egressMode 'natGateway' | 'firewall' = 'natGateway'

@description('Optional. Who may reach the jump host\'s SSH besides Bastion.')
param adminRanges namedRangeType[] = []

@description('Required. Public half of the administrators\' SSH key.')
param sshPublicKey string

@description('Optional. Whether the API server of the cluster is reached from inside the network only.')
param privateCluster bool = true

@description('Optional. Node pools beside the system pool; GPU and spot pools are added here.')
param nodePools poolType[] = []

@description('Optional. Availability zones of the node pools.')
param availabilityZones string[] = []

@description('Optional. When Kubernetes is upgraded, in UTC.')
param upgradeWindow maintenanceWindowType = { dayOfWeek: 'Saturday', startTime: '01:00', durationHours: 6 }

@description('Optional. Repository that Flux keeps the cluster at; without it the manifests are applied once after provisioning.')
param gitOpsRepositoryUrl string = ''

@description('Optional. Public access of the gateway; Disabled only in a second pass (docs/deploy.md).')
param gatewayPublicAccess 'Enabled' | 'Disabled' = 'Enabled'

@description('Optional. Capacity of each central model deployment in thousands of tokens per minute.')
param modelCapacity int = 500

@description('Optional. Foundry accounts that Azure allows in this region and Azure subscription; documented as 100 on one page and 30 on another.')
param foundryAccountsMax int = 100

@description('Optional. Node.js of the apps; preflight.sh asks Azure whether the region has it.')
param nodeVersion string = '22'

@description('Optional. How long a request may wait in its queue.')
param requestTimeToLive string = 'P14D'

@description('Optional. How long a rejected input stays in the inbox, in seconds.')
param rejectedRetentionSeconds int = 2592000

@description('Required. Monthly budget in the currency of the Azure subscription, and the first day of its first month.')
param budget { monthlyAmount: int, startDate: string }

// Names. Four letters make the names unique in the world: derived once, so a second deployment finds the same resources. `uniqueString` has
// digits 2 to 7, which become letters.
var letters = { '2': 'a', '3': 'b', '4': 'c', '5': 'd', '6': 'e', '7': 'f' }
var suffix = take(
  reduce(
    items(letters),
    uniqueString(subscription().id, environmentName, location, prefix),
    (text, letter) => replace(text, letter.key, letter.value)
  ),
  4
)
var baseName = '${prefix}-${suffix}'
var baseNameNoDash = '${prefix}${suffix}'
var gatewayHost = 'apim-${baseName}.azure-api.net'
var kaitoNamespace = 'kaito-models'
var modelZone = 'kaito.internal'
var isDevelopment = environmentName == 'dev'
var tags resourceTagsType = {
  owner: ownership.owner
  environment: environmentName
  region: location
  team: ownership.team
  'cost-center': ownership.costCenter
  purpose: ownership.purpose
}
var subnets = standardSubnets(vnetAddressPrefix, adminRanges)

resource platformGroup 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${baseName}'
  location: location
  // azd finds the environment by this tag.
  tags: union(tags, { 'azd-env-name': environmentName })
}

// The teams' own Foundry accounts live apart, so that hai's rights to make and delete accounts end there.
resource teamsGroup 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${baseName}-teams'
  location: location
  tags: tags
}

// Foundation: identities, telemetry, network, names.

module identities 'modules/identities.bicep' = {
  scope: platformGroup
  params: { location: location, baseName: baseName, tags: tags }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: platformGroup
  params: { location: location, baseName: baseName, tags: tags, dailyQuotaGb: isDevelopment ? 5 : -1 }
}

module firewall 'modules/firewall.bicep' = if (egressMode == 'firewall') {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    spokeSubnets: subnets
    workspaceId: monitoring.outputs.workspaceId
    gatewayHostName: gatewayHost
    controlPlaneFqdns: sizing.durableBackend == 'scheduler' ? ['*.durabletask.io'] : []
    // The host of `https://host/path`.
    clusterFqdns: empty(gitOpsRepositoryUrl) ? [] : [split(gitOpsRepositoryUrl, '/')[2]]
  }
}

module network 'modules/network.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    vnetAddressPrefix: vnetAddressPrefix
    subnets: subnets
    egressMode: egressMode
    routeTableId: egressMode == 'firewall' ? firewall!.outputs.routeTableId : null
  }
}

module peering 'modules/peering.bicep' = if (egressMode == 'firewall') {
  scope: platformGroup
  params: { hubVnetName: firewall!.outputs.hubVnetName, spokeVnetName: network.outputs.vnetName }
}

module dns 'modules/dns.bicep' = {
  scope: platformGroup
  params: {
    tags: tags
    modelZone: modelZone
    virtualNetworks: concat(
      [{ name: network.outputs.vnetName, id: network.outputs.vnetId }],
      egressMode == 'firewall' ? [{ name: firewall!.outputs.hubVnetName, id: firewall!.outputs.hubVnetId }] : []
    )
  }
}

module bastion 'modules/bastion.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    subnetId: network.outputs.subnetIds.AzureBastionSubnet
    workspaceId: monitoring.outputs.workspaceId
  }
}

module jumpHost 'modules/jumphost.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    subnetId: network.outputs.subnetIds.jump
    sshPublicKey: sshPublicKey
  }
}

// Stores. Everything that Azure reaches privately has its endpoint here.

var endpointSubnetId = network.outputs.subnetIds['private-endpoint']
var egressAddress = egressMode == 'firewall' ? firewall!.outputs.egressAddress : network.outputs.egressAddress
// A Standard namespace has no private endpoint: the apps come from the address that all leave by.
var serviceBusRanges = concat(
  sizing.serviceBusSku == 'Standard' ? [{ name: 'control-plane', addressPrefix: egressAddress }] : [],
  ticketingRanges,
  developerRanges
)

module keyVault 'modules/key-vault.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    privateEndpoint: { subnetId: endpointSubnetId, zoneIds: dns.outputs.serviceZoneIds.keyVault }
    // Names are reused in development; elsewhere nothing that was deleted may be destroyed early.
    purgeProtection: !isDevelopment
    publicNetworkAccess: empty(developerRanges) ? 'Disabled' : 'Enabled'
    allowedAddresses: map(developerRanges, range => range.addressPrefix)
  }
}

module registry 'modules/registry.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseNameNoDash: baseNameNoDash
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    sku: isDevelopment ? 'Basic' : 'Premium'
    privateEndpoint: isDevelopment ? null : { subnetId: endpointSubnetId, zoneIds: dns.outputs.serviceZoneIds.registry }
    zoneRedundant: sizing.zoneRedundant && !isDevelopment
  }
}

module postgres 'modules/postgres.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    privateEndpoint: { subnetId: endpointSubnetId, zoneIds: dns.outputs.serviceZoneIds.postgres }
    administrators: [{ objectId: operatorsGroup.objectId, principalName: operatorsGroup.name, principalType: 'Group' }]
    sku: isDevelopment
      ? { name: 'Standard_B1ms', tier: 'Burstable' }
      : { name: 'Standard_D2ds_v5', tier: 'GeneralPurpose' }
    zoneRedundant: sizing.zoneRedundant && !isDevelopment
  }
}

module dataLake 'modules/storage.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseNameNoDash: baseNameNoDash
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    endpointSubnetId: endpointSubnetId
    zoneIds: dns.outputs.serviceZoneIds.storage
    zoneRedundant: sizing.zoneRedundant
  }
}

module serviceBus 'modules/service-bus.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    sku: sizing.serviceBusSku
    privateEndpoint: sizing.serviceBusSku == 'Premium'
      ? { subnetId: endpointSubnetId, zoneIds: dns.outputs.serviceZoneIds.serviceBus }
      : null
    allowedRanges: serviceBusRanges
    requestTimeToLive: requestTimeToLive
  }
}

module cosmos 'modules/cosmos.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    privateEndpoint: { subnetId: endpointSubnetId, zoneIds: dns.outputs.serviceZoneIds.cosmos }
    allowedRanges: developerRanges
    throughput: sizing.cosmosThroughput
    zoneRedundant: sizing.zoneRedundant && sizing.cosmosThroughput == 'autoscale'
    rejectedRetentionSeconds: rejectedRetentionSeconds
  }
}

module scheduler 'modules/durable-task-scheduler.bicep' = if (sizing.durableBackend == 'scheduler') {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    // Three capacity units are what the Dedicated tier needs to survive a zone.
    sku: sizing.zoneRedundant ? { name: 'Dedicated', capacity: 3 } : { name: 'Consumption' }
    allowedAddressRanges: ['${egressAddress}/32']
  }
}

module appStorages 'modules/function-storage.bicep' = [
  for tier in ['api', 'worker']: {
    scope: platformGroup
    params: {
      location: location
      baseNameNoDash: baseNameNoDash
      tags: tags
      tier: tier
      workspaceId: monitoring.outputs.workspaceId
      endpointSubnetId: endpointSubnetId
      zoneIds: dns.outputs.serviceZoneIds.storage
      zoneRedundant: sizing.zoneRedundant
    }
  }
]

// AI platform: the central models, the gateway before them, the cluster of the shared models.

module foundry 'modules/foundry.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    privateEndpoint: { subnetId: endpointSubnetId, zoneIds: dns.outputs.serviceZoneIds.foundry }
    deploymentCapacity: modelCapacity
  }
}

module apiManagement 'modules/api-management.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    appInsightsId: monitoring.outputs.appInsightsId
    subnetId: network.outputs.subnetIds['api-management']
    openAiUrl: foundry.outputs.openAiUrl
    publisher: { name: contacts.publisherName, email: contacts.publisherEmail }
    units: sizing.apiManagementUnits
    publicNetworkAccess: gatewayPublicAccess
  }
}

// What both stages of the rights name.
var baseResources = {
  network: network.outputs.vnetName
  logWorkspace: last(split(monitoring.outputs.workspaceId, '/'))
  monitorWorkspace: last(split(monitoring.outputs.monitorWorkspaceId, '/'))
}

// AKS refuses to be made by an identity that may not join its subnets.
module clusterIdentityRights 'rbac.bicep' = {
  scope: platformGroup
  params: {
    baseName: baseName
    stage: 'clusterIdentity'
    principals: { cluster: identities.outputs.cluster.principalId }
    resources: baseResources
  }
}

module aks 'modules/aks.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    identityId: identities.outputs.cluster.id
    nodeSubnetId: network.outputs.subnetIds.aks
    apiServerSubnetId: network.outputs.subnetIds['aks-api']
    workspaceId: monitoring.outputs.workspaceId
    egressMode: egressMode
    tier: isDevelopment ? 'Free' : 'Standard'
    privateCluster: privateCluster
    // The worker comes to a public API server from the address that all leave by.
    authorizedIpRanges: concat(['${egressAddress}/32'], map(developerRanges, range => range.addressPrefix))
    pools: nodePools
    availabilityZones: availabilityZones
    defender: !isDevelopment
    upgradeWindow: upgradeWindow
  }
  // With the firewall, nodes start only when their route leads somewhere.
  dependsOn: [clusterIdentityRights, peering]
}

module clusterMonitoring 'modules/cluster-monitoring.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    clusterName: aks.outputs.name
    workspaceId: monitoring.outputs.workspaceId
    monitorWorkspaceId: monitoring.outputs.monitorWorkspaceId
  }
}

module flux 'modules/flux.bicep' = if (!empty(gitOpsRepositoryUrl)) {
  scope: platformGroup
  params: {
    clusterName: aks.outputs.name
    repositoryUrl: gitOpsRepositoryUrl
    kaitoNamespace: kaitoNamespace
    workerObjectId: identities.outputs.worker.principalId
    modelSourceRanges: modelSourceRanges
  }
}

// Rights, then the control plane that uses them.

module rights 'rbac.bicep' = {
  scope: platformGroup
  params: {
    baseName: baseName
    stage: 'platform'
    teamsResourceGroup: teamsGroup.name
    cosmosDatabase: cosmos.outputs.databaseName
    cosmosContainers: cosmos.outputs.containerNames
    usesScheduler: sizing.durableBackend == 'scheduler'
    principals: {
      cluster: identities.outputs.cluster.principalId
      api: identities.outputs.api.principalId
      worker: identities.outputs.worker.principalId
      apiManagement: apiManagement.outputs.principalId
      grafana: monitoring.outputs.grafanaPrincipalId
      kubelet: aks.outputs.kubeletIdentityObjectId
      operators: operatorsGroup.objectId
      ticketing: ticketingPrincipalIds
    }
    resources: union(baseResources, {
      grafana: monitoring.outputs.grafanaName
      appInsights: monitoring.outputs.appInsightsName
      keyVault: keyVault.outputs.name
      registry: registry.outputs.name
      foundry: foundry.outputs.name
      apiManagement: apiManagement.outputs.name
      aks: aks.outputs.name
      modelZone: dns.outputs.modelZoneName
      serviceBus: serviceBus.outputs.name
      cosmos: cosmos.outputs.name
      scheduler: sizing.durableBackend == 'scheduler' ? scheduler!.outputs.name : null
      apiStorage: appStorages[0].outputs.name
      workerStorage: appStorages[1].outputs.name
    })
  }
}

var modelSourceRanges = [subnets['api-management'].prefix, subnets.functions.prefix]
var platformSettings = {
  HAI_AUTH: authentication
  HAI_AZURE_SUBSCRIPTION_ID: subscription().subscriptionId
  HAI_RESOURCE_GROUP: platformGroup.name
  HAI_TEAMS_RESOURCE_GROUP: teamsGroup.name
  HAI_LOCATION: location
  HAI_APIM_NAME: apiManagement.outputs.name
  HAI_GATEWAY_URL: apiManagement.outputs.gatewayUrl
  HAI_KEY_VAULT_NAME: keyVault.outputs.name
  HAI_KEY_VAULT_URL: keyVault.outputs.uri
  HAI_AKS_NAME: aks.outputs.name
  HAI_KAITO_NAMESPACE: kaitoNamespace
  HAI_DNS_ZONE: dns.outputs.modelZoneName
  HAI_MODELS_SUBNET: 'models'
  HAI_MODEL_SOURCE_RANGES: join(modelSourceRanges, ',')
  HAI_FOUNDRY_ACCOUNTS_MAX: string(foundryAccountsMax)
  HAI_ARM_ENDPOINT: environment().resourceManager
  AZURE_FUNCTIONS_ENVIRONMENT: isDevelopment ? 'Development' : 'Production'
  COSMOS_ENDPOINT: cosmos.outputs.endpoint
  COSMOS_DATABASE: cosmos.outputs.databaseName
}

module api 'modules/function-app.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    tier: 'api'
    identity: identities.outputs.api
    storage: { name: appStorages[0].outputs.name, packagesUrl: appStorages[0].outputs.packagesUrl }
    subnetId: network.outputs.subnetIds.functions
    workspaceId: monitoring.outputs.workspaceId
    appInsightsId: monitoring.outputs.appInsightsId
    platformSettings: platformSettings
    serviceBusHost: serviceBus.outputs.host
    allowedRanges: concat(apiRanges, deployerRanges)
    nodeVersion: nodeVersion
    alwaysReadyInstances: sizing.alwaysReadyInstances
  }
  dependsOn: [rights]
}

module worker 'modules/function-app.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    tier: 'worker'
    identity: identities.outputs.worker
    storage: { name: appStorages[1].outputs.name, packagesUrl: appStorages[1].outputs.packagesUrl }
    subnetId: network.outputs.subnetIds.functions
    workspaceId: monitoring.outputs.workspaceId
    appInsightsId: monitoring.outputs.appInsightsId
    platformSettings: platformSettings
    serviceBusHost: serviceBus.outputs.host
    scheduler: sizing.durableBackend == 'scheduler'
      ? { endpoint: scheduler!.outputs.endpoint, taskHub: scheduler!.outputs.taskHubName }
      : null
    allowedRanges: deployerRanges
    nodeVersion: nodeVersion
    alwaysReadyInstances: sizing.alwaysReadyInstances
  }
  dependsOn: [rights]
}

module appRegistration 'modules/app-registration.bicep' = if (registerApplication) {
  scope: platformGroup
  params: { baseName: baseName }
}

// Operations: what people look at, and what wakes them.

module alerts 'modules/alerts.bicep' = {
  scope: platformGroup
  params: {
    location: location
    baseName: baseName
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    serviceBusNamespaceId: serviceBus.outputs.resourceId
    apiAppName: api.outputs.name
    workerAppName: worker.outputs.name
    pageEmails: contacts.pageEmails
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: platformGroup
  params: { location: location, baseName: baseName, tags: tags, appInsightsId: monitoring.outputs.appInsightsId }
}

module platformBudget 'modules/budget.bicep' = {
  scope: platformGroup
  params: {
    baseName: baseName
    monthlyAmount: budget.monthlyAmount
    startDate: budget.startDate
    contactEmails: contacts.costEmails
  }
}

// What the hooks and workflows need; azd and the workflow set them as variables. No output is a secret.

@description('Resource group of the platform: where azd looks for the apps.')
output AZURE_RESOURCE_GROUP string = platformGroup.name

@description('The same, for the scripts.')
output HAI_RESOURCE_GROUP string = platformGroup.name

@description('Name of the cluster.')
output HAI_AKS_NAME string = aks.outputs.name

@description('Namespace of the shared models.')
output HAI_KAITO_NAMESPACE string = kaitoNamespace

@description('Object id of the worker\'s identity: the subject of its RoleBinding.')
output HAI_WORKER_OBJECT_ID string = identities.outputs.worker.principalId

@description('Address ranges that may call the shared models, separated by commas.')
output HAI_MODEL_SOURCE_RANGES string = join(modelSourceRanges, ',')

@description('Name of Grafana, where the dashboards are imported.')
output HAI_GRAFANA_NAME string = monitoring.outputs.grafanaName

@description('Name of the Function App of the api tier.')
output API_NAME string = api.outputs.name

@description('Address of the api tier.')
output API_URL string = api.outputs.url

@description('Name of the Function App of the worker tier.')
output WORKER_NAME string = worker.outputs.name

@description('Host of the Service Bus namespace.')
output SERVICE_BUS_HOST string = serviceBus.outputs.host

@description('Settings that are the same for both tiers and at a developer\'s desk.')
output HAI_APP_SETTINGS { *: string } = platformSettings

@description('Client id of the registered application; empty when this deployment registers none.')
output HAI_CLIENT_ID string = registerApplication ? appRegistration!.outputs.clientId : ''
