// Sends the cluster's container logs to Log Analytics and its Prometheus metrics to the Azure Monitor workspace. The cluster's add-ons collect
// nothing until these rules are associated with it.

@description('Required. Region of cluster and workspaces.')
param location string

@description('Required. Base name of the environment, such as hai-twej.')
param baseName string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Name of the cluster, in this resource group.')
param clusterName string

@description('Required. Log Analytics workspace of the container logs.')
param workspaceId string

@description('Required. Azure Monitor workspace of the metrics.')
param monitorWorkspaceId string

resource cluster 'Microsoft.ContainerService/managedClusters@2026-05-01' existing = {
  name: clusterName
}

resource metricsEndpoint 'Microsoft.Insights/dataCollectionEndpoints@2024-03-11' = {
  name: take('dce-${baseName}', 44)
  location: location
  tags: tags
  kind: 'Linux'
  properties: {}
}

resource metricsRule 'Microsoft.Insights/dataCollectionRules@2024-03-11' = {
  name: 'dcr-prometheus-${baseName}'
  location: location
  tags: tags
  kind: 'Linux'
  properties: {
    dataCollectionEndpointId: metricsEndpoint.id
    dataSources: { prometheusForwarder: [{ name: 'prometheus', streams: ['Microsoft-PrometheusMetrics'] }] }
    destinations: { monitoringAccounts: [{ name: 'metrics', accountResourceId: monitorWorkspaceId }] }
    dataFlows: [{ streams: ['Microsoft-PrometheusMetrics'], destinations: ['metrics'] }]
  }
}

resource logsRule 'Microsoft.Insights/dataCollectionRules@2024-03-11' = {
  name: 'dcr-containers-${baseName}'
  location: location
  tags: tags
  kind: 'Linux'
  properties: {
    dataSources: {
      extensions: [
        {
          name: 'ContainerInsightsExtension'
          extensionName: 'ContainerInsights'
          streams: ['Microsoft-ContainerInsights-Group-Default']
          extensionSettings: {
            dataCollectionSettings: { interval: '1m', namespaceFilteringMode: 'Off', enableContainerLogV2: true }
          }
        }
      ]
    }
    destinations: { logAnalytics: [{ name: 'logs', workspaceResourceId: workspaceId }] }
    dataFlows: [{ streams: ['Microsoft-ContainerInsights-Group-Default'], destinations: ['logs'] }]
  }
}

// The add-ons look for their rules under these names.
resource metricsAssociation 'Microsoft.Insights/dataCollectionRuleAssociations@2024-03-11' = {
  scope: cluster
  name: 'ContainerInsightsMetricsExtension'
  properties: { dataCollectionRuleId: metricsRule.id }
}

resource logsAssociation 'Microsoft.Insights/dataCollectionRuleAssociations@2024-03-11' = {
  scope: cluster
  name: 'ContainerInsightsExtension'
  properties: { dataCollectionRuleId: logsRule.id }
}

@description('Resource id of the rule that forwards Prometheus metrics.')
output resourceId string = metricsRule.id

@description('Name of the rule that forwards Prometheus metrics.')
output name string = metricsRule.name
