// One private endpoint with its records in the private zones.

@description('Required. Region of the subnet.')
param location string

@description('Required. Tags of the endpoint.')
param tags object

@description('Required. Name of the endpoint, such as pe-kv-hai-twej.')
param name string

@description('Required. Resource that is reached through it.')
param targetId string

@description('Required. Part of the target: vault, blob, registry, namespace, Sql, account, postgresqlServer ...')
param groupId string

@description('Required. Subnet that holds its address.')
param subnetId string

@description('Required. Private zones that get its records.')
@minLength(1)
param zoneIds string[]

resource endpoint 'Microsoft.Network/privateEndpoints@2025-09-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    customNetworkInterfaceName: 'nic-${name}'
    privateLinkServiceConnections: [
      {
        name: name
        properties: { privateLinkServiceId: targetId, groupIds: [groupId] }
      }
    ]
  }
}

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-09-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [for zoneId in zoneIds: { name: last(split(zoneId, '/')), properties: { privateDnsZoneId: zoneId } }]
  }
}

@description('Resource id of the endpoint.')
output resourceId string = endpoint.id

@description('Name of the endpoint.')
output name string = endpoint.name
