// The state of hai: one account, its database and containers as config/topology.json declares them. The code never creates any of them.

import { namedRangeType, privateAccessType } from '../types.bicep'

@description('Required. Region of the resources.')
param location string

@description('Required. Base of all names, for example hai-twej.')
param baseName string

@description('Required. Tags of the resources.')
param tags object

@description('Required. Log Analytics workspace that receives the logs.')
param workspaceId string

@description('Required. Private endpoint: how the apps reach the account.')
param privateEndpoint privateAccessType

@description('Optional. Who may reach the public address besides, with Entra tokens: developers of a development environment. Empty: it is off.')
param allowedRanges namedRangeType[] = []

@description('Optional. Paid per request, or reserved with autoscale.')
param throughput 'serverless' | 'autoscale' = 'serverless'

@description('Optional. Upper bound of autoscale in request units per second, for the whole database.')
@minValue(1000)
param autoscaleMax int = 1000

@description('Optional. Copies in several availability zones; not for serverless accounts.')
param zoneRedundant bool = false

@description('Optional. How long a rejected input stays in the inbox, in seconds.')
param rejectedRetentionSeconds int = 2592000

var topology = loadJsonContent('../../config/topology.json').Cosmos.Databases[0]

resource account 'Microsoft.DocumentDB/databaseAccounts@2025-10-15' = {
  name: 'cosmos-${baseName}'
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: [{ locationName: location, failoverPriority: 0, isZoneRedundant: zoneRedundant }]
    capabilities: throughput == 'serverless' ? [{ name: 'EnableServerless' }] : []
    consistencyPolicy: { defaultConsistencyLevel: 'Session' }
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: empty(allowedRanges) ? 'Disabled' : 'Enabled'
    ipRules: [for range in allowedRanges: { ipAddressOrRange: range.addressPrefix }]
    networkAclBypass: 'None'
    backupPolicy: { type: 'Continuous', continuousModeProperties: { tier: 'Continuous7Days' } }
  }
}

resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2025-10-15' = {
  parent: account
  name: topology.id
  properties: {
    resource: { id: topology.id }
    options: throughput == 'autoscale' ? { autoscaleSettings: { maxThroughput: autoscaleMax } } : {}
  }
}

resource containers 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2025-10-15' = [
  for container in topology.containers: {
    parent: database
    name: container.id
    properties: {
      resource: {
        id: container.id
        partitionKey: { paths: container.partitionKey.paths, kind: 'Hash', version: 2 }
        // -1: documents live until they say otherwise (receipts carry their own time to live).
        defaultTtl: container.id == 'rejected' ? rejectedRetentionSeconds : (container.?defaultTtl ?? -1)
        indexingPolicy: {
          indexingMode: 'consistent'
          automatic: true
          includedPaths: [{ path: '/*' }]
          // Frozen plans are read whole and never searched.
          excludedPaths: [{ path: '/plan/*' }, { path: '/"_etag"/?' }]
          // Lists are newest first, and page by these keys (shared/store/page.ts).
          compositeIndexes: [
            [
              { path: container.id == 'rejected' ? '/receivedAt' : '/createdAt', order: 'descending' }
              { path: '/id', order: 'descending' }
            ]
          ]
        }
      }
    }
  }
]

module endpoint 'private-endpoint.bicep' = {
  params: {
    location: location
    tags: tags
    name: 'pe-${account.name}'
    targetId: account.id
    groupId: 'Sql'
    subnetId: privateEndpoint.subnetId
    zoneIds: privateEndpoint.zoneIds
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'ControlPlaneRequests', enabled: true }, { category: 'QueryRuntimeStatistics', enabled: true }]
    metrics: [{ category: 'Requests', enabled: true }]
  }
}

@description('Resource id of the account.')
output resourceId string = account.id

@description('Name of the account.')
output name string = account.name

@description('Endpoint that the code connects to.')
output endpoint string = account.properties.documentEndpoint

@description('Name of the database.')
output databaseName string = database.name

@description('Names of the containers.')
output containerNames string[] = [for (container, index) in topology.containers: containers[index].name]
