// Node pools beside the system pool, each a resource of its own: a cluster refuses new pools in its own body once it exists.

@export()
@description('A pool of a fixed number of nodes.')
type poolType = {
  @description('Required. Lower-case letters and digits.')
  @minLength(1)
  @maxLength(12)
  name: string
  @description('Required. Size of a node.')
  vmSize: string
  @description('Required. Number of nodes; the smallest number when `maxCount` is given.')
  @minValue(0)
  count: int
  @description('Optional. Lets the cluster autoscaler grow the pool; ignored while node auto-provisioning is on, since the two exclude each other.')
  maxCount: int?
  @description('Optional. Labels of the nodes.')
  labels: { *: string }?
  @description('Optional. Taints of the nodes.')
  taints: string[]?
  @description('Optional. Partition of each GPU: MIG1g, MIG2g, MIG3g, MIG4g or MIG7g, on A100 and H100 only.')
  gpuInstanceProfile: ('MIG1g' | 'MIG2g' | 'MIG3g' | 'MIG4g' | 'MIG7g')?
  @description('Optional. Spare capacity that Azure may take back at any time; for tests only.')
  spot: bool?
}

@description('Required. Name of the cluster.')
param clusterName string

@description('Required. Subnet of the nodes.')
param subnetId string

@description('Required. Availability zones; empty in regions without zones.')
param availabilityZones string[]

@description('Required. Whether pools with a `maxCount` grow and shrink; impossible beside node auto-provisioning.')
param autoscaled bool

@description('Required. The pools.')
param pools poolType[]

@description('Required. Tags of every pool and its nodes.')
param tags object

resource cluster 'Microsoft.ContainerService/managedClusters@2026-05-01' existing = {
  name: clusterName
}

// One at a time: a cluster works on one pool, and answers OperationNotAllowed to the next.
@batchSize(1)
resource agentPools 'Microsoft.ContainerService/managedClusters/agentPools@2026-05-01' = [
  for pool in pools: {
    parent: cluster
    name: pool.name
    properties: {
      mode: 'User'
      vmSize: pool.vmSize
      count: pool.count
      enableAutoScaling: autoscaled && pool.?maxCount != null
      minCount: autoscaled && pool.?maxCount != null ? pool.count : null
      maxCount: autoscaled ? pool.?maxCount : null
      osType: 'Linux'
      vnetSubnetID: subnetId
      availabilityZones: empty(availabilityZones) ? null : availabilityZones
      nodeLabels: pool.?labels ?? {}
      nodeTaints: concat(
        pool.?taints ?? [],
        (pool.?spot ?? false) ? ['kubernetes.azure.com/scalesetpriority=spot:NoSchedule'] : []
      )
      gpuInstanceProfile: pool.?gpuInstanceProfile
      scaleSetPriority: (pool.?spot ?? false) ? 'Spot' : 'Regular'
      scaleSetEvictionPolicy: (pool.?spot ?? false) ? 'Delete' : null
      // -1: pay up to the regular price, so that a node is taken back for capacity only.
      spotMaxPrice: (pool.?spot ?? false) ? -1 : null
      upgradeSettings: (pool.?spot ?? false) ? null : { maxSurge: '33%' }
      tags: tags
    }
  }
]

@description('Names of the pools.')
output names string[] = [for pool in pools: pool.name]
