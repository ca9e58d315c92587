// The virtual network of the platform. Subnets are declared inside it, each with its security group and its way out, so that no two
// operations ever change one subnet at a time (separate associations failed with AnotherOperationInProgress).

import { subnetMapType } from '../subnets.bicep'

@description('Required. Region of the network.')
param location string

@description('Required. Base name of the environment, such as hai-twej.')
param baseName string

@description('Required. Tags of every resource.')
param tags object

@description('Optional. Address space of the virtual network, a /16.')
param vnetAddressPrefix string = '10.10.0.0/16'

@description('Required. Subnets by name; `standardSubnets` of subnets.bicep makes the usual ones.')
param subnets subnetMapType

@description('Optional. Way to the internet: a NAT gateway on the subnets, or the hub\'s firewall.')
param egressMode 'natGateway' | 'firewall' = 'natGateway'

@description('Conditional. Route table to the firewall; required when egressMode is firewall.')
param routeTableId string?

// The one subnet that Azure wants without a security group of ours and without a NAT gateway.
var bastionSubnet = 'AzureBastionSubnet'
// `items` sorts by name, so the order of this array is stable whatever the order of the map.
var subnetList = items(subnets)

resource securityGroups 'Microsoft.Network/networkSecurityGroups@2025-09-01' = [
  for subnet in subnetList: if (subnet.key != bastionSubnet) {
    name: 'nsg-${subnet.key}-${baseName}'
    location: location
    tags: tags
    properties: {
      securityRules: map(subnet.value.?nsgRules ?? [], rule => {
        name: rule.name
        properties: {
          priority: rule.priority
          direction: rule.direction
          access: rule.access
          protocol: rule.protocol
          sourcePortRange: '*'
          // Azure takes tags and '*' only in the singular field.
          sourceAddressPrefix: length(rule.sources) == 1 ? rule.sources[0] : null
          sourceAddressPrefixes: length(rule.sources) == 1 ? [] : rule.sources
          destinationAddressPrefix: rule.?destination ?? '*'
          destinationPortRanges: rule.ports
        }
      })
    }
  }
]

resource natAddress 'Microsoft.Network/publicIPAddresses@2025-09-01' = if (egressMode == 'natGateway') {
  name: 'pip-nat-${baseName}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static' }
}

resource natGateway 'Microsoft.Network/natGateways@2025-09-01' = if (egressMode == 'natGateway') {
  name: 'nat-${baseName}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: {
    // Long answers of a model are streamed; ten minutes of silence is more than any of them has.
    idleTimeoutInMinutes: 10
    publicIpAddresses: [{ id: natAddress.id }]
  }
}

resource vnet 'Microsoft.Network/virtualNetworks@2025-09-01' = {
  name: 'vnet-${baseName}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [vnetAddressPrefix] }
    subnets: [
      for (subnet, i) in subnetList: {
        name: subnet.key
        properties: {
          addressPrefix: subnet.value.prefix
          networkSecurityGroup: subnet.key == bastionSubnet ? null : { id: securityGroups[i].id }
          natGateway: egressMode == 'natGateway' && subnet.value.natGateway ? { id: natGateway.id } : null
          routeTable: egressMode == 'firewall' && (subnet.value.?firewallRoute ?? false) ? { id: routeTableId! } : null
          delegations: subnet.value.?delegation == null
            ? []
            : [{ name: 'delegation', properties: { serviceName: subnet.value.delegation! } }]
          // Security groups count for private endpoints, too.
          privateEndpointNetworkPolicies: 'Enabled'
          // A service that is injected, and Bastion, manage their own way out; all else leaves by NAT gateway or firewall only.
          defaultOutboundAccess: subnet.value.?delegation != null || subnet.key == bastionSubnet ? null : false
        }
      }
    ]
  }
}

@description('Resource id of the virtual network.')
output vnetId string = vnet.id

@description('Name of the virtual network.')
output vnetName string = vnet.name

@description('Resource ids of the subnets by name.')
output subnetIds { *: string } = toObject(
  objectKeys(subnets),
  name => name,
  name => resourceId('Microsoft.Network/virtualNetworks/subnets', vnet.name, name)
)

@description('Resource id of the NAT gateway; empty when the firewall is the way out.')
output natGatewayId string = egressMode == 'natGateway' ? natGateway.id : ''

@description('Public address of the NAT gateway, for allow-lists of others; empty when the firewall is the way out.')
output egressAddress string = egressMode == 'natGateway' ? natAddress!.properties.ipAddress : ''
