// Private DNS: one zone for each kind of private endpoint, and the zone in which hai registers the shared models. All are linked to every
// virtual network that resolves them, before anything in those networks asks.

@description('Required. Tags of every resource.')
param tags object

@description('Required. Virtual networks that resolve the zones: the spoke, and the hub if there is one.')
@minLength(1)
param virtualNetworks { name: string, id: string }[]

@description('Optional. Zone of the shared models.')
param modelZone string = 'kaito.internal'

var storageServices = ['blob', 'queue', 'table', 'file', 'dfs']
var zoneNames = concat(
  [
    'privatelink.vaultcore.azure.net'
    'privatelink.documents.azure.com'
    'privatelink${environment().suffixes.acrLoginServer}'
    'privatelink.servicebus.windows.net'
    'privatelink.cognitiveservices.azure.com'
    'privatelink.openai.azure.com'
    'privatelink.services.ai.azure.com'
    'privatelink.postgres.database.azure.com'
    modelZone
  ],
  map(storageServices, service => 'privatelink.${service}.${environment().suffixes.storage}')
)
// Every zone with every network.
var links = flatten(map(
  zoneNames,
  (zone, zoneIndex) => map(virtualNetworks, network => { zoneIndex: zoneIndex, network: network })
))

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in zoneNames: {
    name: zone
    location: 'global'
    tags: tags
  }
]

resource zoneLinks 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for link in links: {
    parent: zones[link.zoneIndex]
    name: link.network.name
    location: 'global'
    tags: tags
    properties: {
      virtualNetwork: { id: link.network.id }
      // Records are hai's and the endpoints' own; machines do not register themselves.
      registrationEnabled: false
    }
  }
]

@description('Resource ids of the zones by zone name, such as privatelink.vaultcore.azure.net.')
output zoneIds { *: string } = toObject(
  zoneNames,
  zone => zone,
  zone => resourceId('Microsoft.Network/privateDnsZones', zone)
)

@description('The same ids by service: what a private endpoint of the service takes.')
output serviceZoneIds serviceZoneIdsType = {
  keyVault: [resourceId('Microsoft.Network/privateDnsZones', 'privatelink.vaultcore.azure.net')]
  cosmos: [resourceId('Microsoft.Network/privateDnsZones', 'privatelink.documents.azure.com')]
  registry: [resourceId('Microsoft.Network/privateDnsZones', 'privatelink${environment().suffixes.acrLoginServer}')]
  serviceBus: [resourceId('Microsoft.Network/privateDnsZones', 'privatelink.servicebus.windows.net')]
  // A Foundry account answers under three names.
  foundry: [
    resourceId('Microsoft.Network/privateDnsZones', 'privatelink.cognitiveservices.azure.com')
    resourceId('Microsoft.Network/privateDnsZones', 'privatelink.openai.azure.com')
    resourceId('Microsoft.Network/privateDnsZones', 'privatelink.services.ai.azure.com')
  ]
  postgres: [resourceId('Microsoft.Network/privateDnsZones', 'privatelink.postgres.database.azure.com')]
  storage: toObject(
    storageServices,
    service => service,
    service =>
      resourceId('Microsoft.Network/privateDnsZones', 'privatelink.${service}.${environment().suffixes.storage}')
  )
}

@description('Name of the zone of the shared models.')
output modelZoneName string = modelZone

@description('Ids of the zones that a private endpoint registers itself in, by service.')
type serviceZoneIdsType = {
  keyVault: string[]
  cosmos: string[]
  registry: string[]
  serviceBus: string[]
  foundry: string[]
  postgres: string[]
  @description('By service of the storage account: blob, queue, table, file, dfs.')
  storage: { *: string }
}
