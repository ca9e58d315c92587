// GitOps with Flux: keeps the cluster at what a Git repository says, beginning with the manifests of `bicep/cluster`. An alternative to
// applying those once after provisioning; with it, drift inside the cluster is undone as well.

@description('Required. Name of the cluster, in this resource group.')
param clusterName string

@description('Required. HTTPS address of the repository.')
param repositoryUrl string

@description('Optional. Branch that is followed.')
param branch string = 'main'

@description('Optional. Folder of the manifests in the repository.')
param path string = './bicep/cluster/kaito-models'

@description('Required. Namespace of the shared models.')
param kaitoNamespace string

@description('Required. Object id of the worker\'s identity.')
param workerObjectId string

@description('Required. Address ranges that may call the shared models.')
@minLength(1)
param modelSourceRanges string[]

// The variables of the manifests (bicep/cluster/README.md), as apply-cluster.sh fills them in.
var substitutions = {
  KAITO_NAMESPACE: kaitoNamespace
  WORKER_OBJECT_ID: workerObjectId
  MODEL_SOURCE_BLOCKS: '[${join(map(modelSourceRanges, range => '{ipBlock: {cidr: ${range}}}'), ', ')}]'
}

resource cluster 'Microsoft.ContainerService/managedClusters@2026-05-01' existing = {
  name: clusterName
}

resource extension 'Microsoft.KubernetesConfiguration/extensions@2025-03-01' = {
  scope: cluster
  name: 'flux'
  properties: {
    extensionType: 'microsoft.flux'
    autoUpgradeMinorVersion: true
    scope: { cluster: { releaseNamespace: 'flux-system' } }
  }
}

resource configuration 'Microsoft.KubernetesConfiguration/fluxConfigurations@2025-04-01' = {
  scope: cluster
  name: 'platform'
  properties: {
    scope: 'cluster'
    namespace: 'flux-system'
    sourceKind: 'GitRepository'
    gitRepository: {
      url: repositoryUrl
      repositoryRef: { branch: branch }
      syncIntervalInSeconds: 300
      timeoutInSeconds: 180
    }
    kustomizations: {
      'kaito-models': {
        path: path
        // What leaves the repository leaves the cluster. The namespace itself is never pruned (see its annotation).
        prune: true
        syncIntervalInSeconds: 600
        timeoutInSeconds: 300
        postBuild: { substitute: substitutions }
      }
    }
  }
  dependsOn: [extension]
}

@description('Resource id of the configuration.')
output resourceId string = configuration.id

@description('Name of the configuration.')
output name string = configuration.name
