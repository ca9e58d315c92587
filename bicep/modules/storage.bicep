// The data lake: files of apps and teams, with folders, without keys. The Function Apps keep their state elsewhere (function-storage.bicep).

@description('Required. Region of the account.')
param location string

@description('Required. Base name of the environment without dashes, such as haitwej.')
@maxLength(20)
param baseNameNoDash string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Log Analytics workspace of reads, writes and deletions.')
param workspaceId string

@description('Required. Subnet of the private endpoints; there is no other way in.')
param endpointSubnetId string

@description('Required. Private DNS zones by service: blob and dfs.')
param zoneIds { *: string }

@description('Optional. File systems that every environment has; a team\'s own are made on request.')
param fileSystems string[] = ['shared']

@description('Optional. Copies in several availability zones.')
param zoneRedundant bool = false

@description('Optional. Days in which a deleted file or file system can be brought back.')
@minValue(1)
@maxValue(365)
param deletedRetentionDays int = 14

// Clients of a data lake use both: dfs for folders, blob for older tools.
var services = ['blob', 'dfs']

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: 'stdl${baseNameNoDash}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS' }
  properties: {
    isHnsEnabled: true
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    isLocalUserEnabled: false
    isSftpEnabled: false
    supportsHttpsTrafficOnly: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: 'Disabled'
    networkAcls: { defaultAction: 'Deny', bypass: 'None' }
  }
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: deletedRetentionDays }
    containerDeleteRetentionPolicy: { enabled: true, days: deletedRetentionDays }
  }
}

resource fileSystem 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = [
  for name in fileSystems: {
    parent: blobService
    name: name
    properties: { publicAccess: 'None' }
  }
]

module endpoints 'private-endpoint.bicep' = [
  for service in services: {
    params: {
      location: location
      tags: tags
      name: 'pe-${account.name}-${service}'
      targetId: account.id
      groupId: service
      subnetId: endpointSubnetId
      zoneIds: [zoneIds[service]]
    }
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobService
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

@description('Resource id of the account.')
output resourceId string = account.id

@description('Name of the account.')
output name string = account.name

@description('Address of the data lake.')
output endpoint string = account.properties.primaryEndpoints.dfs
