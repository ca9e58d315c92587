// The central Foundry account with one deployment per enabled model of the catalog. Only the gateway calls it, with its own identity; the
// teams' accounts are made at run time, in their own resource group.

import { privateAccessType } from '../types.bicep'

@description('Required. Region of the resources.')
param location string

@description('Required. Base of all names, for example hai-twej.')
param baseName string

@description('Required. Tags of the resources.')
param tags object

@description('Required. Log Analytics workspace that receives the logs.')
param workspaceId string

@description('Required. Private endpoint: how the gateway reaches the account.')
param privateEndpoint privateAccessType

@description('Optional. Kind of capacity of every deployment.')
param deploymentSku 'GlobalStandard' | 'DataZoneStandard' | 'Standard' = 'GlobalStandard'

@description('Optional. Capacity of a deployment in thousands of tokens per minute; the quota of the Azure subscription bounds it.')
@minValue(1)
param deploymentCapacity int = 500

var enabledModels = filter(loadYamlContent('../../config/model-catalog.yaml').foundry, model => model.enabled)
var name = 'af-${baseName}'

resource account 'Microsoft.CognitiveServices/accounts@2026-07-01' = {
  name: name
  location: location
  tags: tags
  kind: 'AIServices'
  sku: { name: 'S0' }
  identity: { type: 'SystemAssigned' }
  properties: {
    customSubDomainName: name
    allowProjectManagement: true
    disableLocalAuth: true
    publicNetworkAccess: 'Disabled'
    networkAcls: { defaultAction: 'Deny', bypass: 'None' }
  }
}

// The provider takes one write at a time on an account and everything in it.
@batchSize(1)
resource deployments 'Microsoft.CognitiveServices/accounts/deployments@2026-07-01' = [
  for model in enabledModels: {
    parent: account
    name: model.name
    sku: { name: deploymentSku, capacity: deploymentCapacity }
    properties: {
      model: { format: model.format, name: model.name, version: model.version }
      versionUpgradeOption: 'NoAutoUpgrade'
    }
  }
]

module endpoint 'private-endpoint.bicep' = {
  params: {
    location: location
    tags: tags
    name: 'pe-${name}'
    targetId: account.id
    groupId: 'account'
    subnetId: privateEndpoint.subnetId
    zoneIds: privateEndpoint.zoneIds
  }
  // A private endpoint changes the account as well, so it waits for the deployments.
  dependsOn: [deployments]
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id of the account.')
output resourceId string = account.id

@description('Name of the account.')
output name string = account.name

@description('Host that serves the OpenAI v1 API, without a slash at the end.')
output openAiUrl string = 'https://${name}.openai.azure.com'

@description('General endpoint of the account; Azure ends it with a slash.')
output endpoint string = account.properties.endpoint
