// What may leave through the firewall, by who asks. Everything else is denied by default; what has a private endpoint never comes here.

import { subnetMapType } from '../subnets.bicep'

@description('Required. Region of the policy.')
param location string

@description('Required. Base name of the environment, such as hai-twej.')
param baseName string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Subnets of the spoke: the sources that the rules name.')
param spokeSubnets subnetMapType

@description('Required. Host name of the API Management gateway.')
param gatewayHostName string

@description('Required. Hosts from which the shared models load their weights.')
param modelSourceFqdns string[]

@description('Required. Further hosts that the cluster may reach.')
param clusterFqdns string[]

@description('Required. Further hosts that the control plane may reach.')
param controlPlaneFqdns string[]

@description('Required. The region as service tags spell it.')
param serviceTagRegion string

var https = [{ protocolType: 'Https', port: 443 }]
var httpAndHttps = [{ protocolType: 'Http', port: 80 }, { protocolType: 'Https', port: 443 }]

// AzureContainerRegistry is a service tag, not an FQDN tag as the seeds have it. A registry without a private endpoint would serve its layers
// from Storage, which stays closed for the cluster: behind the firewall the registry is Premium.
var networkRules = [
  {
    name: 'cluster-registry-and-telemetry'
    source: spokeSubnets.aks.prefix
    tags: ['AzureContainerRegistry.${serviceTagRegion}', 'AzureMonitor']
    ports: ['443']
  }
  {
    name: 'control-plane-azure'
    source: spokeSubnets.functions.prefix
    tags: ['AzureResourceManager', 'AzureActiveDirectory', 'AzureMonitor']
    ports: ['443']
  }
  {
    // Only the Standard tier is reached in public; Premium has a private endpoint and never meets this rule.
    name: 'control-plane-service-bus'
    source: spokeSubnets.functions.prefix
    tags: ['ServiceBus.${serviceTagRegion}']
    ports: ['443', '5671']
  }
  {
    name: 'gateway-dependencies'
    source: spokeSubnets['api-management'].prefix
    tags: ['Storage.${serviceTagRegion}', 'AzureActiveDirectory', 'AzureMonitor']
    ports: ['443']
  }
  {
    name: 'jump-host-azure'
    source: spokeSubnets.jump.prefix
    tags: ['AzureResourceManager', 'AzureActiveDirectory']
    ports: ['443']
  }
]

var applicationRules = concat(
  [
    {
      name: 'cluster-gpu-drivers'
      source: spokeSubnets.aks.prefix
      protocols: https
      fqdns: ['nvidia.github.io', 'us.download.nvidia.com']
    }
    {
      name: 'cluster-security-updates'
      source: spokeSubnets.aks.prefix
      protocols: httpAndHttps
      fqdns: ['security.ubuntu.com', 'azure.archive.ubuntu.com', 'changelogs.ubuntu.com']
    }
    {
      name: 'cluster-policy'
      source: spokeSubnets.aks.prefix
      protocols: https
      // Azure Policy add-on (https://learn.microsoft.com/azure/aks/outbound-rules-control-egress). The names are fixed; `environment()`
      // does not know them.
      #disable-next-line no-hardcoded-env-urls
      fqdns: ['data.policy.core.windows.net', 'store.policy.core.windows.net']
    }
    {
      name: 'control-plane-gateway'
      source: spokeSubnets.functions.prefix
      protocols: https
      fqdns: [gatewayHostName]
    }
    {
      name: 'jump-host-tools'
      source: spokeSubnets.jump.prefix
      protocols: httpAndHttps
      fqdns: [
        'packages.microsoft.com'
        'azure.archive.ubuntu.com'
        'security.ubuntu.com'
        'dl.k8s.io'
        'cdn.dl.k8s.io'
        'github.com'
        '*.githubusercontent.com'
      ]
    }
  ],
  // Azure refuses a rule without a target.
  empty(modelSourceFqdns)
    ? []
    : [{ name: 'cluster-model-weights', source: spokeSubnets.aks.prefix, protocols: https, fqdns: modelSourceFqdns }],
  empty(clusterFqdns)
    ? []
    : [{ name: 'cluster-further', source: spokeSubnets.aks.prefix, protocols: https, fqdns: clusterFqdns }],
  empty(controlPlaneFqdns)
    ? []
    : [
        {
          name: 'control-plane-further'
          source: spokeSubnets.functions.prefix
          protocols: https
          fqdns: controlPlaneFqdns
        }
      ]
)

resource policy 'Microsoft.Network/firewallPolicies@2025-09-01' = {
  name: 'afwp-${baseName}'
  location: location
  tags: tags
  properties: {
    sku: { tier: 'Standard' }
    threatIntelMode: 'Deny'
  }
}

resource rules 'Microsoft.Network/firewallPolicies/ruleCollectionGroups@2025-09-01' = {
  parent: policy
  name: 'egress'
  properties: {
    priority: 200
    ruleCollections: [
      {
        ruleCollectionType: 'FirewallPolicyFilterRuleCollection'
        name: 'by-service-tag'
        priority: 200
        action: { type: 'Allow' }
        rules: map(networkRules, rule => {
          ruleType: 'NetworkRule'
          name: rule.name
          ipProtocols: ['TCP']
          sourceAddresses: [rule.source]
          destinationAddresses: rule.tags
          destinationPorts: rule.ports
        })
      }
      {
        ruleCollectionType: 'FirewallPolicyFilterRuleCollection'
        name: 'by-host'
        priority: 300
        action: { type: 'Allow' }
        rules: concat(
          [
            // Everything that an AKS cluster needs, kept current by Azure.
            {
              ruleType: 'ApplicationRule'
              name: 'cluster-aks'
              sourceAddresses: [spokeSubnets.aks.prefix]
              protocols: httpAndHttps
              fqdnTags: ['AzureKubernetesService']
            }
          ],
          map(applicationRules, rule => {
            ruleType: 'ApplicationRule'
            name: rule.name
            sourceAddresses: [rule.source]
            protocols: rule.protocols
            targetFqdns: rule.fqdns
          })
        )
      }
    ]
  }
}

@description('Resource id of the policy.')
output resourceId string = policy.id

@description('Name of the policy.')
output name string = policy.name
