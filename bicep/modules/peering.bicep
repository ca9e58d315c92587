// Connects hub and spoke in both directions: traffic that the firewall forwards is let through.

@description('Required. Name of the hub\'s virtual network, in this resource group.')
param hubVnetName string

@description('Required. Name of the spoke\'s virtual network, in this resource group.')
param spokeVnetName string

resource hub 'Microsoft.Network/virtualNetworks@2025-09-01' existing = {
  name: hubVnetName
}

resource spoke 'Microsoft.Network/virtualNetworks@2025-09-01' existing = {
  name: spokeVnetName
}

resource toSpoke 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings@2025-09-01' = {
  parent: hub
  name: 'to-${spokeVnetName}'
  properties: {
    remoteVirtualNetwork: { id: spoke.id }
    allowVirtualNetworkAccess: true
    allowForwardedTraffic: true
  }
}

resource toHub 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings@2025-09-01' = {
  parent: spoke
  name: 'to-${hubVnetName}'
  properties: {
    remoteVirtualNetwork: { id: hub.id }
    allowVirtualNetworkAccess: true
    allowForwardedTraffic: true
  }
  // Two sides of one peering that are written at once can fail with AnotherOperationInProgress.
  dependsOn: [toSpoke]
}

@description('Resource ids of both sides.')
output resourceIds string[] = [toSpoke.id, toHub.id]
