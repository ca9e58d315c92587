// Container images of apps and of the cluster's tools. Images are pulled with identities: there is no admin user and no anonymous pull.

import { privateAccessType } from '../types.bicep'

@description('Required. Region of the registry.')
param location string

@description('Required. Base name of the environment without dashes, such as haitwej.')
@minLength(3)
@maxLength(47)
param baseNameNoDash string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Log Analytics workspace of logins and pushes.')
param workspaceId string

@description('Optional. Premium has a private endpoint and takes no other traffic; Basic and Standard are public, guarded by Entra roles alone.')
param sku 'Basic' | 'Standard' | 'Premium' = 'Premium'

@description('Conditional. Private endpoint; required with Premium, impossible with the other tiers.')
param privateEndpoint privateAccessType?

@description('Optional. Copies in several availability zones; Premium only.')
param zoneRedundant bool = false

var isPremium = sku == 'Premium'

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: 'acr${baseNameNoDash}'
  location: location
  tags: tags
  sku: { name: sku }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
    publicNetworkAccess: isPremium ? 'Disabled' : 'Enabled'
    // Lets Azure's own services (image import, Defender's scan) through the closed door.
    networkRuleBypassOptions: 'AzureServices'
    zoneRedundancy: isPremium ? (zoneRedundant ? 'Enabled' : 'Disabled') : null
    policies: isPremium ? { retentionPolicy: { status: 'enabled', days: 30 } } : null
  }
}

module endpoint 'private-endpoint.bicep' = if (isPremium) {
  params: {
    location: location
    tags: tags
    name: 'pe-${registry.name}'
    targetId: registry.id
    groupId: 'registry'
    subnetId: privateEndpoint!.subnetId
    zoneIds: privateEndpoint!.zoneIds
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: registry
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id of the registry.')
output resourceId string = registry.id

@description('Name of the registry.')
output name string = registry.name

@description('Host name from which images are pulled.')
output loginServer string = registry.properties.loginServer
