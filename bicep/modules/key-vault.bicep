// The vault of the teams' keys: read by role only, from inside the network only.

import { privateAccessType } from '../types.bicep'

@description('Required. Region of the vault.')
param location string

@description('Required. Base name of the environment, such as hai-twej; with the prefix at most 24 characters.')
@maxLength(21)
param baseName string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Log Analytics workspace of the audit log.')
param workspaceId string

@description('Required. Private endpoint of the vault.')
param privateEndpoint privateAccessType

@description('Optional. Whether a deleted secret or vault cannot be destroyed before its time. Once on it stays on; off lets development reuse names.')
param purgeProtection bool = true

@description('Optional. Whether the vault also answers on the internet, to `allowedAddresses` only.')
param publicNetworkAccess 'Enabled' | 'Disabled' = 'Disabled'

@description('Optional. Addresses or ranges that reach a public vault, such as that of a developer\'s office.')
param allowedAddresses string[] = []

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: 'kv-${baseName}'
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    // Azure refuses `false`: the property is absent or true.
    enablePurgeProtection: purgeProtection ? true : null
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    publicNetworkAccess: publicNetworkAccess
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Deny'
      ipRules: [for address in allowedAddresses: { value: address }]
    }
  }
}

module endpoint 'private-endpoint.bicep' = {
  params: {
    location: location
    tags: tags
    name: 'pe-${vault.name}'
    targetId: vault.id
    groupId: 'vault'
    subnetId: privateEndpoint.subnetId
    zoneIds: privateEndpoint.zoneIds
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id of the vault.')
output resourceId string = vault.id

@description('Name of the vault.')
output name string = vault.name

@description('Address of the vault.')
output uri string = vault.properties.vaultUri
