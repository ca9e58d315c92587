// The plan of addresses: which subnets the platform has, what each is for, and who may reach it. No resources.

import { namedRangeType } from 'types.bicep'

@export()
@description('A rule of a subnet\'s network security group. Azure\'s default rules stay below it.')
type nsgRuleType = {
  @description('Required. Unique in its subnet.')
  name: string
  @description('Required. Lower wins.')
  @minValue(100)
  @maxValue(4096)
  priority: int
  @description('Required. Side from which the connection is opened.')
  direction: 'Inbound' | 'Outbound'
  @description('Required. What happens to it.')
  access: 'Allow' | 'Deny'
  @description('Required. Transport protocol.')
  protocol: 'Tcp' | 'Udp' | '*'
  @description('Required. Address ranges or one service tag.')
  sources: string[]
  @description('Optional. Address range or service tag; everything by default.')
  destination: string?
  @description('Required. Ports or port ranges.')
  ports: string[]
}

@export()
@description('One subnet. Its key in the map is its name.')
type subnetType = {
  @description('Required. Address range in CIDR notation.')
  prefix: string
  @description('Optional. Resource provider that injects itself into the subnet.')
  delegation: string?
  @description('Required. Whether what is in it may leave through the NAT gateway.')
  natGateway: bool
  @description('Optional. Whether its way out is the firewall, in egress mode "firewall".')
  firewallRoute: bool?
  @description('Optional. Rules of its security group; none by default.')
  nsgRules: nsgRuleType[]?
}

@export()
@description('Subnets by name.')
type subnetMapType = {
  *: subnetType
}

@export()
@description('The seven subnets of the seeds in their fixed order, then those that hai appended. A prefix belongs to a name for ever: a new subnet takes the next free number.')
func standardSubnets(vnetAddressPrefix string, adminRanges namedRangeType[]) subnetMapType => {
  aks: {
    prefix: cidrSubnet(vnetAddressPrefix, 24, 0)
    natGateway: true
    firewallRoute: true
    // Models ask for no key: whatever else guards them, only the gateway and the control plane get through to their addresses.
    nsgRules: [
      {
        name: 'allow-models-from-gateway-and-control-plane'
        priority: 200
        direction: 'Inbound'
        access: 'Allow'
        protocol: 'Tcp'
        sources: [cidrSubnet(vnetAddressPrefix, 24, 6), cidrSubnet(vnetAddressPrefix, 24, 7)]
        destination: cidrSubnet(vnetAddressPrefix, 24, 8)
        ports: ['80']
      }
      {
        name: 'deny-other-calls-of-models'
        priority: 210
        direction: 'Inbound'
        access: 'Deny'
        protocol: '*'
        sources: ['*']
        destination: cidrSubnet(vnetAddressPrefix, 24, 8)
        ports: ['*']
      }
    ]
  }
  'aks-api': {
    prefix: cidrSubnet(vnetAddressPrefix, 24, 1)
    delegation: 'Microsoft.ContainerService/managedClusters'
    natGateway: true
  }
  onprem: { prefix: cidrSubnet(vnetAddressPrefix, 24, 2), natGateway: true }
  'private-endpoint': { prefix: cidrSubnet(vnetAddressPrefix, 24, 3), natGateway: true }
  AzureBastionSubnet: { prefix: cidrSubnet(vnetAddressPrefix, 24, 4), natGateway: false }
  jump: {
    prefix: cidrSubnet(vnetAddressPrefix, 24, 5)
    natGateway: true
    firewallRoute: true
    nsgRules: concat(
      [
        {
          name: 'allow-ssh-from-bastion'
          priority: 200
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sources: [cidrSubnet(vnetAddressPrefix, 24, 4)]
          ports: ['22']
        }
        {
          name: 'deny-other-inbound'
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sources: ['*']
          ports: ['*']
        }
      ],
      map(adminRanges, (range, index) => {
        name: 'allow-ssh-from-${range.name}'
        priority: 210 + index
        direction: 'Inbound'
        access: 'Allow'
        protocol: 'Tcp'
        sources: [range.addressPrefix]
        ports: ['22']
      })
    )
  }
  'api-management': {
    prefix: cidrSubnet(vnetAddressPrefix, 24, 6)
    delegation: 'Microsoft.Web/serverFarms'
    natGateway: true
    firewallRoute: true
  }
  functions: {
    prefix: cidrSubnet(vnetAddressPrefix, 24, 7)
    delegation: 'Microsoft.App/environments'
    natGateway: true
    firewallRoute: true
  }
  models: { prefix: cidrSubnet(vnetAddressPrefix, 24, 8), natGateway: true }
}
