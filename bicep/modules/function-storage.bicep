// The storage account of one Function App: the host's leases, the deployment package, and the Durable history if the storage backend is
// chosen. One per app, so that neither tier can read the other's. It has no keys; rights come from rbac.bicep.

import { tierType } from '../types.bicep'

@description('Required. Region of the resources.')
param location string

@description('Required. Base of all names without dashes, for example haitwej.')
@maxLength(12)
param baseNameNoDash string

@description('Required. Tags of the resources.')
param tags object

@description('Required. Which app it belongs to.')
param tier tierType

@description('Required. Log Analytics workspace that receives the logs.')
param workspaceId string

@description('Required. Subnet of the private endpoints.')
param endpointSubnetId string

@description('Required. Private DNS zones by service: blob, queue and table.')
param zoneIds { *: string }

@description('Optional. Copies in several availability zones.')
param zoneRedundant bool = false

var services = ['blob', 'queue', 'table']

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'stfunc${tier}${baseNameNoDash}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS' }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Disabled'
    networkAcls: { defaultAction: 'Deny', bypass: 'None' }
  }
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: { deleteRetentionPolicy: { enabled: true, days: 7 } }
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobService
  name: 'packages'
  properties: { publicAccess: 'None' }
}

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

@description('Address of the container that holds the deployment package.')
output packagesUrl string = '${account.properties.primaryEndpoints.blob}${packages.name}'
