// One Function App of the control plane on Flex Consumption. The api and the worker tier are the same package with another HAI_TIER, another
// identity and another way in: callers reach the api, nobody but the deployment reaches the worker.

import { durableSchedulerType, identityType, namedRangeType, tierType } from '../types.bicep'

@description('Required. Region of the resources.')
param location string

@description('Required. Base of all names, for example hai-twej.')
param baseName string

@description('Required. Tags of the resources.')
param tags object

@description('Required. Which doors the app opens.')
param tier tierType

@description('Required. Identity that the app acts with.')
param identity identityType

@description('Required. Storage account of this app, and the container of its package.')
param storage { name: string, packagesUrl: string }

@description('Required. Subnet for outbound calls, delegated to Microsoft.App/environments.')
param subnetId string

@description('Required. Log Analytics workspace that receives the logs.')
param workspaceId string

@description('Required. Application Insights component that receives the telemetry.')
param appInsightsId string

@description('Required. What the app is told about the platform: the settings HAI_… and COSMOS_… that are the same for both tiers.')
param platformSettings { *: string }

@description('Required. Host of the Service Bus namespace.')
param serviceBusHost string

@description('Optional. Where the Durable history lives; without it, in the storage account of the app.')
param scheduler durableSchedulerType?

@description('Optional. Who may call the app and its deployment endpoint. Empty: nobody from outside.')
param allowedRanges namedRangeType[] = []

@description('Optional. Node.js of the app. Newer ones may be missing on Flex Consumption: preflight.sh asks Azure before a deployment.')
param nodeVersion string = '22'

@description('Optional. Instances that are never scaled away.')
@minValue(0)
param alwaysReadyInstances int = 0

@description('Optional. Upper bound of instances; Flex Consumption allows 40 to 1000.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('Optional. Requests that one instance handles at a time. Every call is a few reads of Cosmos DB, so an instance carries many.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 32

@description('Optional. Memory of an instance in MB.')
param instanceMemoryMegabytes 512 | 2048 | 4096 = 2048

// What must be warm: answering for the api; commands and orchestrations for the worker.
var warmGroups = tier == 'api' ? ['http'] : ['durable', 'function:run-operation']
var firewall = map(range(0, length(allowedRanges)), index => {
  name: allowedRanges[index].name
  ipAddress: allowedRanges[index].addressPrefix
  action: 'Allow'
  priority: 100 + index
})

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storage.name
}

resource appInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: last(split(appInsightsId, '/'))
}

// FUNCTIONS_WORKER_RUNTIME is refused on Flex Consumption; the runtime stands in functionAppConfig.
var hostSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.clientId
  AzureWebJobsStorage__blobServiceUri: hostStorage.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: hostStorage.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: hostStorage.properties.primaryEndpoints.table
  APPLICATIONINSIGHTS_CONNECTION_STRING: appInsights.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.clientId};Authorization=AAD'
}
var appSettings = {
  HAI_TIER: tier
  AZURE_CLIENT_ID: identity.clientId
  ServiceBusConnection__fullyQualifiedNamespace: serviceBusHost
  ServiceBusConnection__credential: 'managedidentity'
  ServiceBusConnection__clientId: identity.clientId
}
// Overrides of host.json, which stays the same file everywhere.
var durableSettings = scheduler == null
  ? {}
  : {
      AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'azureManaged'
      AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'
      DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${scheduler!.endpoint};TaskHub=${scheduler!.taskHub};Authentication=ManagedIdentity;ClientID=${identity.clientId}'
    }

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'plan-${baseName}-${tier}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: 'func-${baseName}-${tier}'
  location: location
  // azd finds the app of a service by this tag.
  tags: union(tags, { 'azd-service-name': tier })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: subnetId
    outboundVnetRouting: { allTraffic: true }
    publicNetworkAccess: empty(allowedRanges) ? 'Disabled' : 'Enabled'
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: storage.packagesUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
        }
      }
      runtime: { name: 'node', version: nodeVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMegabytes
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReadyInstances == 0
          ? []
          : map(warmGroups, group => { name: group, instanceCount: alwaysReadyInstances })
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      remoteDebuggingEnabled: false
      http20Enabled: true
      ipSecurityRestrictionsDefaultAction: 'Deny'
      ipSecurityRestrictions: firewall
      scmIpSecurityRestrictionsDefaultAction: 'Deny'
      scmIpSecurityRestrictionsUseMain: true
    }
  }
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: union(hostSettings, platformSettings, appSettings, durableSettings)
}

resource publishingPolicies 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = [
  for kind in ['ftp', 'scm']: {
    parent: app
    name: kind
    properties: { allow: false }
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id of the app.')
output resourceId string = app.id

@description('Name of the app.')
output name string = app.name

@description('Address of the app.')
output url string = 'https://${app.properties.defaultHostName}'
