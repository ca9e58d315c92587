// Where everything that happens is kept and seen: logs, metrics of the cluster, traces of the control plane, and Grafana above them.

@description('Required. Region of the workspaces.')
param location string

@description('Required. Base name of the environment, such as hai-twej.')
param baseName string

@description('Required. Tags of every resource.')
param tags object

@description('Optional. Days that logs are kept.')
@minValue(30)
@maxValue(730)
param retentionDays int = 90

@description('Optional. Gigabytes a day after which ingestion stops; -1 is no limit. Meant for development, where a loop may log for nobody.')
param dailyQuotaGb int = -1

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' = {
  name: 'log-${baseName}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
  }
}

// Who read what is part of the record.
resource workspaceAudit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: workspace
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspace.id
    logs: [{ categoryGroup: 'audit', enabled: true }]
  }
}

resource monitorWorkspace 'Microsoft.Monitor/accounts@2025-10-03' = {
  name: 'amw-${baseName}'
  location: location
  tags: tags
}

resource appInsights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${baseName}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource grafana 'Microsoft.Dashboard/grafana@2025-08-01' = {
  // Grafana names end at 30 characters.
  name: take('grafana-${baseName}', 30)
  location: location
  tags: tags
  sku: { name: 'Standard' }
  identity: { type: 'SystemAssigned' }
  properties: {
    apiKey: 'Disabled'
    // Administrators are named by a role assignment, not by who happened to deploy.
    creatorCanAdmin: 'Disabled'
    grafanaIntegrations: {
      azureMonitorWorkspaceIntegrations: [{ azureMonitorWorkspaceResourceId: monitorWorkspace.id }]
    }
  }
}

resource grafanaDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: grafana
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspace.id
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}

@description('Resource id of the Log Analytics workspace.')
output workspaceId string = workspace.id

@description('Resource id of the Azure Monitor workspace (Prometheus).')
output monitorWorkspaceId string = monitorWorkspace.id

@description('Resource id of Application Insights.')
output appInsightsId string = appInsights.id

@description('Name of Application Insights, for an existing reference where its connection string is needed.')
output appInsightsName string = appInsights.name

@description('Name of Grafana.')
output grafanaName string = grafana.name

@description('Address of Grafana.')
output grafanaEndpoint string = grafana.properties.endpoint

@description('Object id of Grafana\'s identity, which reads metrics and logs.')
output grafanaPrincipalId string = grafana.identity.principalId
