// The cluster of the shared models: private, Entra only, no local accounts. KAITO's managed add-on makes the GPU nodes of a Workspace as agent
// pools with its own provisioner and leaves them when the Workspace goes; node auto-provisioning makes nodes for everything else. Only the
// system pool stands inside the cluster: pools that a deployment does not name (KAITO's) stay as they are.

import { poolType } from 'agent-pools.bicep'

@export()
@description('A weekly window for changes that Azure makes.')
type maintenanceWindowType = {
  @description('Required. Day on which it opens.')
  dayOfWeek: 'Monday' | 'Tuesday' | 'Wednesday' | 'Thursday' | 'Friday' | 'Saturday' | 'Sunday'
  @description('Required. Time of day in UTC, such as 01:00.')
  startTime: string
  @description('Required. Length in hours.')
  @minValue(4)
  @maxValue(24)
  durationHours: int
}

@description('Required. Region of the virtual network.')
param location string

@description('Required. Base name of the environment, such as hai-twej.')
param baseName string

@description('Required. Tags of every resource.')
param tags object

@description('Required. User-assigned identity of the cluster. It needs Network Contributor on the virtual network before the cluster is made.')
param identityId string

@description('Required. Subnet of the nodes.')
param nodeSubnetId string

@description('Required. Subnet delegated to the API server.')
param apiServerSubnetId string

@description('Required. Log Analytics workspace of container and control-plane logs.')
param workspaceId string

@description('Optional. Way to the internet; it cannot change after creation.')
param egressMode 'natGateway' | 'firewall' = 'natGateway'

@description('Optional. Standard has an uptime agreement and cost analysis; Free is for development.')
param tier 'Free' | 'Standard' | 'Premium' = 'Standard'

@description('Optional. Kubernetes version; the region\'s default when absent.')
param kubernetesVersion string?

@description('Optional. Whether the API server is reached from inside the network only.')
param privateCluster bool = true

@description('Optional. Who may reach a public API server, the apps\' way out among them; empty lets everybody try to sign in. Without effect on a private one.')
param authorizedIpRanges string[] = []

@description('Optional. Object ids of the Entra groups that administer the cluster.')
param adminGroupObjectIds string[] = []

@description('Optional. Whether Azure makes and removes nodes for pending pods.')
param nodeProvisioning bool = true

@description('Optional. Pool of the cluster\'s own services: a fixed count, since auto-provisioning refuses autoscaled pools.')
param systemPool { vmSize: string, count: int } = { vmSize: 'Standard_D4ds_v5', count: 2 }

@description('Optional. Pool of workloads that are not models.')
param userPool poolType = { name: 'user', vmSize: 'Standard_D2ls_v5', count: 1, labels: { workload: 'user' } }

@description('Optional. Pool of shared services such as ingress; tainted, so that nothing else lands there.')
param infraPool poolType = {
  name: 'infra'
  vmSize: 'Standard_D2ls_v5'
  count: 1
  labels: { workload: 'infra' }
  taints: ['workload=infra:NoSchedule']
}

@description('Optional. Further pools, such as GPU and spot pools; none by default, since models get their GPU nodes from KAITO.')
param pools poolType[] = []

@description('Optional. Availability zones of all pools; none in regions without zones.')
param availabilityZones string[] = []

@description('Optional. Whether Defender for Containers watches the nodes (it bills by vCore).')
param defender bool = true

@description('Optional. Whether Azure Policy checks what is applied to the cluster.')
param azurePolicy bool = true

@description('Optional. When Kubernetes itself is upgraded.')
param upgradeWindow maintenanceWindowType = { dayOfWeek: 'Saturday', startTime: '01:00', durationHours: 6 }

@description('Optional. When the nodes get new images.')
param nodeImageWindow maintenanceWindowType = { dayOfWeek: 'Sunday', startTime: '01:00', durationHours: 6 }

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  scope: resourceGroup(split(identityId, '/')[2], split(identityId, '/')[4])
  name: last(split(identityId, '/'))
}

resource cluster 'Microsoft.ContainerService/managedClusters@2026-05-01' = {
  name: 'aks-${baseName}'
  location: location
  tags: tags
  sku: { name: 'Base', tier: tier }
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    kubernetesVersion: kubernetesVersion
    dnsPrefix: 'aks-${baseName}'
    nodeResourceGroup: 'rg-${baseName}-nodes'
    enableRBAC: true
    disableLocalAccounts: true
    aadProfile: { managed: true, enableAzureRBAC: true, adminGroupObjectIDs: adminGroupObjectIds }
    oidcIssuerProfile: { enabled: true }
    apiServerAccessProfile: {
      enableVnetIntegration: true
      subnetId: apiServerSubnetId
      enablePrivateCluster: privateCluster
      enablePrivateClusterPublicFQDN: privateCluster ? false : null
      authorizedIPRanges: privateCluster ? null : authorizedIpRanges
      // The namespace of the shared models is applied through it: a private API server has no other door for a pipeline.
      disableRunCommand: false
    }
    networkProfile: {
      networkPlugin: 'azure'
      networkPluginMode: 'overlay'
      networkDataplane: 'cilium'
      networkPolicy: 'cilium'
      loadBalancerSku: 'standard'
      outboundType: egressMode == 'firewall' ? 'userDefinedRouting' : 'userAssignedNATGateway'
      // Overlay and service addresses stay clear of every network that the platform is peered with (10.0 hub, 10.10 spoke).
      podCidr: '10.244.0.0/16'
      serviceCidr: '10.245.0.0/16'
      dnsServiceIP: '10.245.0.10'
    }
    nodeProvisioningProfile: { mode: nodeProvisioning ? 'Auto' : 'Manual' }
    aiToolchainOperatorProfile: { enabled: true }
    workloadAutoScalerProfile: { keda: { enabled: true } }
    autoUpgradeProfile: { upgradeChannel: 'stable', nodeOSUpgradeChannel: 'NodeImage' }
    azureMonitorProfile: { metrics: { enabled: true, kubeStateMetrics: {} } }
    metricsProfile: { costAnalysis: { enabled: tier != 'Free' } }
    securityProfile: {
      workloadIdentity: { enabled: true }
      imageCleaner: { enabled: true, intervalHours: 168 }
      defender: defender
        ? { logAnalyticsWorkspaceResourceId: workspaceId, securityMonitoring: { enabled: true } }
        : { securityMonitoring: { enabled: false } }
    }
    addonProfiles: {
      // The add-on signs in with its identity: the workspace takes no keys.
      omsagent: { enabled: true, config: { logAnalyticsWorkspaceResourceID: workspaceId, useAADAuth: 'true' } }
      azureKeyvaultSecretsProvider: { enabled: true, config: { enableSecretRotation: 'true', rotationPollInterval: '2m' } }
      azurepolicy: { enabled: azurePolicy }
    }
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        vmSize: systemPool.vmSize
        count: systemPool.count
        enableAutoScaling: false
        osType: 'Linux'
        vnetSubnetID: nodeSubnetId
        availabilityZones: empty(availabilityZones) ? null : availabilityZones
        nodeTaints: ['CriticalAddonsOnly=true:NoSchedule']
        upgradeSettings: { maxSurge: '33%' }
        tags: tags
      }
    ]
  }
}

module agentPools 'agent-pools.bicep' = {
  params: {
    clusterName: cluster.name
    subnetId: nodeSubnetId
    availabilityZones: availabilityZones
    autoscaled: !nodeProvisioning
    pools: concat([userPool, infraPool], pools)
    tags: tags
  }
}

// The names are Azure's own: one for Kubernetes, one for the nodes' images.
resource maintenance 'Microsoft.ContainerService/managedClusters/maintenanceConfigurations@2026-05-01' = [
  for schedule in [
    { name: 'aksManagedAutoUpgradeSchedule', window: upgradeWindow }
    { name: 'aksManagedNodeOSUpgradeSchedule', window: nodeImageWindow }
  ]: {
    parent: cluster
    name: schedule.name
    properties: {
      maintenanceWindow: {
        schedule: { weekly: { intervalWeeks: 1, dayOfWeek: schedule.window.dayOfWeek } }
        startTime: schedule.window.startTime
        durationHours: schedule.window.durationHours
        utcOffset: '+00:00'
      }
    }
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: cluster
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    // kube-audit-admin leaves out the reads, which are most of the volume.
    logs: [
      for category in ['kube-audit-admin', 'kube-apiserver', 'kube-controller-manager', 'cloud-controller-manager', 'guard']: {
        category: category
        enabled: true
      }
    ]
  }
}

@description('Resource id of the cluster.')
output resourceId string = cluster.id

@description('Name of the cluster.')
output name string = cluster.name

@description('Issuer of the service accounts\' tokens, for federated credentials.')
output oidcIssuerUrl string = cluster.properties.oidcIssuerProfile.issuerURL

@description('Object id of the nodes\' identity, which pulls images.')
output kubeletIdentityObjectId string = cluster.properties.identityProfile.kubeletidentity.objectId

@description('Object id of the cluster\'s own identity.')
output identityPrincipalId string = identity.properties.principalId

@description('Object id of the identity with which the Key Vault driver reads.')
output secretsProviderObjectId string = cluster.properties.addonProfiles.azureKeyvaultSecretsProvider.identity.objectId
