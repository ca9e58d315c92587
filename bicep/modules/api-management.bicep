// The AI gateway: API Management with its network integration and identity, the backend of the central models, and the two APIs that all
// teams share. Products, links, subscriptions and the backends of shared models are per team or per model: hai writes them, never Bicep.

@description('Required. Region of the resources.')
param location string

@description('Required. Base of all names, for example hai-twej.')
param baseName string

@description('Required. Tags of the resources.')
param tags object

@description('Required. Log Analytics workspace that receives the logs.')
param workspaceId string

@description('Required. Application Insights component that receives requests and token metrics.')
param appInsightsId string

@description('Required. Subnet for outbound calls, delegated to Microsoft.Web/serverFarms.')
param subnetId string

@description('Required. Host that serves the OpenAI v1 API of the central Foundry account, without a slash at the end.')
param openAiUrl string

@description('Required. Publisher that callers see.')
param publisher { name: string, email: string }

@description('Optional. Units of the gateway.')
@minValue(1)
@maxValue(10)
param units int = 1

@description('Optional. Public access cannot be Disabled while the service is created: a private gateway takes a second pass (docs/deploy.md).')
param publicNetworkAccess 'Enabled' | 'Disabled' = 'Enabled'

@description('Optional. Share of calls in per cent whose telemetry is kept; token metrics are always complete.')
@minValue(1)
@maxValue(100)
param samplingPercentage int = 100

var keyNames = { header: 'api-key', query: 'api-key' }
var chatCompletions = { name: 'chat-completions', displayName: 'Chat completions', method: 'POST', urlTemplate: '/chat/completions' }
var models = { name: 'models', displayName: 'Models', method: 'GET', urlTemplate: '/models' }
var openAiOperations = [
  chatCompletions
  { name: 'completions', displayName: 'Completions', method: 'POST', urlTemplate: '/completions' }
  { name: 'embeddings', displayName: 'Embeddings', method: 'POST', urlTemplate: '/embeddings' }
  models
]
var kaitoOperations = [chatCompletions, models]
var nothingOfBodies = { body: { bytes: 0 } }

resource appInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: last(split(appInsightsId, '/'))
}

resource service 'Microsoft.ApiManagement/service@2024-05-01' = {
  name: 'apim-${baseName}'
  location: location
  tags: tags
  sku: { name: 'StandardV2', capacity: units }
  identity: { type: 'SystemAssigned' }
  properties: {
    publisherName: publisher.name
    publisherEmail: publisher.email
    publicNetworkAccess: publicNetworkAccess
    // External is how the v2 tiers call outbound integration: the gateway keeps its public address and calls out through the subnet.
    virtualNetworkType: 'External'
    virtualNetworkConfiguration: { subnetResourceId: subnetId }
    customProperties: {
      'Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls10': 'False'
      'Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls11': 'False'
      'Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls10': 'False'
      'Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls11': 'False'
    }
  }
}

resource logger 'Microsoft.ApiManagement/service/loggers@2024-05-01' = {
  parent: service
  name: 'app-insights'
  properties: {
    loggerType: 'applicationInsights'
    resourceId: appInsightsId
    credentials: {
      connectionString: appInsights.properties.ConnectionString
      identityClientId: 'systemAssigned'
    }
  }
}

// `metrics` lets llm-emit-token-metric through. Bodies are prompts and answers of teams, headers hold keys: neither is logged.
resource telemetry 'Microsoft.ApiManagement/service/diagnostics@2024-05-01' = {
  parent: service
  name: 'applicationinsights'
  properties: {
    loggerId: logger.id
    metrics: true
    alwaysLog: 'allErrors'
    httpCorrelationProtocol: 'W3C'
    verbosity: 'information'
    logClientIp: false
    sampling: { samplingType: 'fixed', percentage: samplingPercentage }
    frontend: { request: nothingOfBodies, response: nothingOfBodies }
    backend: { request: nothingOfBodies, response: nothingOfBodies }
  }
}

resource foundryBackend 'Microsoft.ApiManagement/service/backends@2024-05-01' = {
  parent: service
  name: 'foundry-backend'
  properties: {
    url: '${openAiUrl}/openai/v1'
    protocol: 'http'
    circuitBreaker: {
      rules: [
        {
          name: 'openai-throttle-breaker'
          failureCondition: {
            count: 3
            interval: 'PT1M'
            statusCodeRanges: [{ min: 429, max: 429 }, { min: 500, max: 599 }]
          }
          tripDuration: 'PT30S'
          acceptRetryAfter: true
        }
      ]
    }
  }
}

resource openAiApi 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: service
  name: 'openai-api'
  properties: {
    displayName: 'OpenAI API'
    path: 'openai/v1'
    protocols: ['https']
    subscriptionRequired: true
    subscriptionKeyParameterNames: keyNames
  }
}

@batchSize(1)
resource openAiApiOperations 'Microsoft.ApiManagement/service/apis/operations@2024-05-01' = [
  for operation in openAiOperations: {
    parent: openAiApi
    name: operation.name
    properties: {
      displayName: operation.displayName
      method: operation.method
      urlTemplate: operation.urlTemplate
    }
  }
]

// A policy that names a backend is refused while the backend does not exist.
resource openAiApiPolicy 'Microsoft.ApiManagement/service/apis/policies@2024-05-01' = {
  parent: openAiApi
  name: 'policy'
  properties: { format: 'rawxml', value: loadTextContent('../policies/openai-api.xml') }
  dependsOn: [foundryBackend, openAiApiOperations]
}

resource kaitoApi 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: service
  name: 'kaito-api'
  properties: {
    displayName: 'Shared models API'
    path: 'kaito/v1'
    protocols: ['https']
    subscriptionRequired: true
    subscriptionKeyParameterNames: keyNames
  }
}

@batchSize(1)
resource kaitoApiOperations 'Microsoft.ApiManagement/service/apis/operations@2024-05-01' = [
  for operation in kaitoOperations: {
    parent: kaitoApi
    name: operation.name
    properties: {
      displayName: operation.displayName
      method: operation.method
      urlTemplate: operation.urlTemplate
    }
  }
]

resource kaitoApiPolicy 'Microsoft.ApiManagement/service/apis/policies@2024-05-01' = {
  parent: kaitoApi
  name: 'policy'
  properties: { format: 'rawxml', value: loadTextContent('../policies/kaito-api.xml') }
  dependsOn: [kaitoApiOperations]
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: service
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'GatewayLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id of the service.')
output resourceId string = service.id

@description('Name of the service.')
output name string = service.name

@description('Public address of the gateway.')
output gatewayUrl string = service.properties.gatewayUrl

@description('Principal of the service: calls Foundry and sends telemetry.')
output principalId string = service.identity.principalId
