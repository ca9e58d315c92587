// One PostgreSQL server for the apps of the platform, with a database for each service. People and apps sign in with Entra; there are no
// passwords. hai itself keeps nothing here.

import { privateAccessType } from '../types.bicep'

@export()
@description('An Entra principal that administers the server.')
type postgresAdministratorType = {
  @description('Required. Object id.')
  objectId: string
  @description('Required. Name of the group, user or application: the name of the role in the database.')
  principalName: string
  @description('Required. Kind of principal; a group is best.')
  principalType: 'Group' | 'ServicePrincipal' | 'User'
}

@description('Required. Region of the server.')
param location string

@description('Required. Base name of the environment, such as hai-twej.')
param baseName string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Log Analytics workspace of the server log.')
param workspaceId string

@description('Required. Private endpoint of the server; there is no other way in.')
param privateEndpoint privateAccessType

@description('Required. Who administers the server. Without anybody no app could ever be let in.')
@minLength(1)
param administrators postgresAdministratorType[]

@description('Optional. One database for each service.')
param databases string[] = ['catalog', 'orders']

@description('Optional. Major version.')
param version '16' | '17' | '18' = '18'

@description('Optional. Size of the server; Burstable is for development.')
param sku { name: string, tier: 'Burstable' | 'GeneralPurpose' | 'MemoryOptimized' } = {
  name: 'Standard_B1ms'
  tier: 'Burstable'
}

@description('Optional. Gigabytes at the start; it grows by itself and never shrinks.')
param storageSizeGb int = 32

@description('Optional. A standby in another zone; impossible with Burstable.')
param zoneRedundant bool = false

@description('Optional. Days that backups are kept.')
@minValue(7)
@maxValue(35)
param backupRetentionDays int = 14

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: 'psql-${baseName}'
  location: location
  tags: tags
  sku: sku
  properties: {
    version: version
    authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled', tenantId: tenant().tenantId }
    storage: { storageSizeGB: storageSizeGb, autoGrow: 'Enabled' }
    backup: { backupRetentionDays: backupRetentionDays, geoRedundantBackup: 'Disabled' }
    highAvailability: { mode: zoneRedundant ? 'ZoneRedundant' : 'Disabled' }
    network: { publicNetworkAccess: 'Disabled' }
  }
}

// The server takes one change at a time and answers ServerIsBusy to the next, hence the batches and the chain of dependencies.
@batchSize(1)
resource serverDatabases 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = [
  for database in databases: {
    parent: server
    name: database
    properties: { charset: 'UTF8', collation: 'en_US.utf8' }
  }
]

@batchSize(1)
resource parameters 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2025-08-01' = [
  for parameter in [
    { name: 'require_secure_transport', value: 'ON' }
    { name: 'ssl_min_protocol_version', value: 'TLSv1.2' }
  ]: {
    parent: server
    name: parameter.name
    properties: { value: parameter.value, source: 'user-override' }
    dependsOn: [serverDatabases]
  }
]

@batchSize(1)
resource serverAdministrators 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = [
  for administrator in administrators: {
    parent: server
    name: administrator.objectId
    properties: {
      principalName: administrator.principalName
      principalType: administrator.principalType
      tenantId: tenant().tenantId
    }
    dependsOn: [parameters]
  }
]

module endpoint 'private-endpoint.bicep' = {
  params: {
    location: location
    tags: tags
    name: 'pe-${server.name}'
    targetId: server.id
    groupId: 'postgresqlServer'
    subnetId: privateEndpoint.subnetId
    zoneIds: privateEndpoint.zoneIds
  }
  dependsOn: [serverAdministrators]
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: server
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id of the server.')
output resourceId string = server.id

@description('Name of the server.')
output name string = server.name

@description('Host name; clients connect to port 5432 with TLS and the plain name of their role.')
output hostName string = server.properties.fullyQualifiedDomainName
