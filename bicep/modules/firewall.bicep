// The hub of the hub-spoke profile: a virtual network with Azure Firewall, and the route table that sends the spoke's traffic through it. The
// firewall comes before the spoke, since the route table needs its private address and the cluster needs the route from its first node on.

import { subnetMapType } from '../subnets.bicep'

@description('Required. Region of hub and spoke.')
param location string

@description('Required. Base name of the environment, such as hai-twej.')
param baseName string

@description('Required. Tags of every resource.')
param tags object

@description('Optional. Address space of the hub, a /16 that does not overlap the spoke.')
param hubAddressPrefix string = '10.0.0.0/16'

@description('Required. Subnets of the spoke: the sources that the rules name.')
param spokeSubnets subnetMapType

@description('Required. Log Analytics workspace of rule and threat logs.')
param workspaceId string

@description('Required. Host name of the API Management gateway, which the control plane calls to prove access.')
param gatewayHostName string

@description('Optional. Hosts from which the shared models load their weights.')
param modelSourceFqdns string[] = ['huggingface.co', '*.huggingface.co', '*.hf.co']

@description('Optional. Further hosts that the cluster may reach, such as the Git host of Flux.')
param clusterFqdns string[] = []

@description('Optional. Further hosts that the control plane may reach, such as the endpoint of a Durable Task Scheduler.')
param controlPlaneFqdns string[] = []

@description('Optional. The region as service tags spell it: most are the location, some are not (francecentral is centralfrance).')
param serviceTagRegion string = toLower(replace(location, ' ', ''))

resource sharedServicesSecurity 'Microsoft.Network/networkSecurityGroups@2025-09-01' = {
  name: 'nsg-shared-services-${baseName}'
  location: location
  tags: tags
}

resource hub 'Microsoft.Network/virtualNetworks@2025-09-01' = {
  name: 'vnet-hub-${baseName}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [hubAddressPrefix] }
    subnets: [
      { name: 'AzureFirewallSubnet', properties: { addressPrefix: cidrSubnet(hubAddressPrefix, 26, 0) } }
      {
        name: 'shared-services'
        properties: {
          addressPrefix: cidrSubnet(hubAddressPrefix, 24, 1)
          networkSecurityGroup: { id: sharedServicesSecurity.id }
          defaultOutboundAccess: false
        }
      }
    ]
  }
}

// One address for data only: the seeds' regional quota had no second one, and Standard needs no management address.
resource address 'Microsoft.Network/publicIPAddresses@2025-09-01' = {
  name: 'pip-afw-${baseName}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static' }
}

module policy 'firewall-policy.bicep' = {
  params: {
    location: location
    baseName: baseName
    tags: tags
    spokeSubnets: spokeSubnets
    gatewayHostName: gatewayHostName
    modelSourceFqdns: modelSourceFqdns
    clusterFqdns: clusterFqdns
    controlPlaneFqdns: controlPlaneFqdns
    serviceTagRegion: serviceTagRegion
  }
}

resource firewall 'Microsoft.Network/azureFirewalls@2025-09-01' = {
  name: 'afw-${baseName}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'AZFW_VNet', tier: 'Standard' }
    firewallPolicy: { id: policy.outputs.resourceId }
    ipConfigurations: [
      {
        name: 'data'
        properties: {
          subnet: { id: resourceId('Microsoft.Network/virtualNetworks/subnets', hub.name, 'AzureFirewallSubnet') }
          publicIPAddress: { id: address.id }
        }
      }
    ]
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: firewall
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}

resource routeTable 'Microsoft.Network/routeTables@2025-09-01' = {
  name: 'rt-${baseName}'
  location: location
  tags: tags
  properties: {
    disableBgpRoutePropagation: true
    routes: [
      {
        name: 'to-firewall'
        properties: {
          addressPrefix: '0.0.0.0/0'
          nextHopType: 'VirtualAppliance'
          nextHopIpAddress: firewall.properties.ipConfigurations[0].properties.privateIPAddress
        }
      }
    ]
  }
}

@description('Resource id of the firewall.')
output resourceId string = firewall.id

@description('Name of the firewall.')
output name string = firewall.name

@description('Resource id of the hub\'s virtual network.')
output hubVnetId string = hub.id

@description('Name of the hub\'s virtual network.')
output hubVnetName string = hub.name

@description('Route table for the spoke\'s subnets.')
output routeTableId string = routeTable.id

@description('Public address with which everything leaves, for allow-lists of others.')
output egressAddress string = address.properties.ipAddress
