// The bus of hai: queues, topic and subscriptions exactly as config/topology.json declares them for the code and for the emulator. What the
// emulator's limits keep short (an hour to live) is a parameter here.

import { namedRangeType, privateAccessType } from '../types.bicep'

@description('Required. Region of the resources.')
param location string

@description('Required. Base of all names, for example hai-twej.')
param baseName string

@description('Required. Tags of the resources.')
param tags object

@description('Required. Log Analytics workspace that receives the logs.')
param workspaceId string

@description('Optional. Standard has no private endpoint and is limited by addresses instead; Premium has one.')
param sku 'Standard' | 'Premium' = 'Standard'

@description('Optional. Private endpoint: how the apps reach a Premium namespace. Standard has none.')
param privateEndpoint privateAccessType?

@description('Optional. Who may reach the public address, with Entra tokens: the control plane itself under Standard, ticketing systems, developers.')
param allowedRanges namedRangeType[] = []

@description('Optional. How long a request may wait for hai, as an ISO 8601 duration; then it goes to the dead letters.')
param requestTimeToLive string = 'P14D'

@description('Optional. How long an answer may wait for a ticketing system, as an ISO 8601 duration; then it goes to the dead letters.')
param answerTimeToLive string = 'P14D'

@description('Optional. Window in which a repeated message id is dropped, as an ISO 8601 duration of at most seven days.')
param requestDuplicateWindow string = 'P1D'

var topology = loadJsonContent('../../config/topology.json').UserConfig.Namespaces[0]
// The one queue that outsiders write to: its messages must survive an outage of hai. Commands are sent again by a sweep, events are news.
var requestsQueue = 'access-requests'
var subscriptions = flatten(map(
  topology.Topics,
  (topic, topicIndex) => map(topic.Subscriptions, subscription => { topicIndex: topicIndex, ...subscription })
))
var rules = flatten(map(
  subscriptions,
  (subscription, subscriptionIndex) =>
    map(subscription.?Rules ?? [], (rule, ruleIndex) => {
      subscriptionIndex: subscriptionIndex
      // Azure gives every subscription a rule $Default that lets everything through. The first rule takes its place.
      name: ruleIndex == 0 ? '$Default' : rule.Name
      expression: rule.Properties.SqlFilter.SqlExpression
    })
))

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: 'sb-${baseName}'
  location: location
  tags: tags
  sku: { name: sku, tier: sku, ...(sku == 'Premium' ? { capacity: 1 } : {}) }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: empty(allowedRanges) ? 'Disabled' : 'Enabled'
  }
}

resource networkRules 'Microsoft.ServiceBus/namespaces/networkRuleSets@2024-01-01' = {
  parent: namespace
  name: 'default'
  properties: {
    defaultAction: 'Deny'
    publicNetworkAccess: empty(allowedRanges) ? 'Disabled' : 'Enabled'
    // Standard has no exception for trusted services.
    trustedServiceAccessEnabled: sku == 'Premium'
    ipRules: [for range in allowedRanges: { ipMask: range.addressPrefix, action: 'Allow' }]
  }
}

resource queues 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = [
  for queue in topology.Queues: {
    parent: namespace
    name: queue.Name
    properties: {
      deadLetteringOnMessageExpiration: queue.Properties.DeadLetteringOnMessageExpiration
      defaultMessageTimeToLive: queue.Name == requestsQueue ? requestTimeToLive : queue.Properties.DefaultMessageTimeToLive
      duplicateDetectionHistoryTimeWindow: queue.Name == requestsQueue
        ? requestDuplicateWindow
        : queue.Properties.DuplicateDetectionHistoryTimeWindow
      lockDuration: queue.Properties.LockDuration
      maxDeliveryCount: queue.Properties.MaxDeliveryCount
      requiresDuplicateDetection: queue.Properties.RequiresDuplicateDetection
      requiresSession: queue.Properties.RequiresSession
    }
  }
]

resource topics 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = [
  for topic in topology.Topics: {
    parent: namespace
    name: topic.Name
    properties: {
      defaultMessageTimeToLive: answerTimeToLive
      duplicateDetectionHistoryTimeWindow: topic.Properties.DuplicateDetectionHistoryTimeWindow
      requiresDuplicateDetection: topic.Properties.RequiresDuplicateDetection
    }
  }
]

resource topicSubscriptions 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = [
  for subscription in subscriptions: {
    parent: topics[subscription.topicIndex]
    name: subscription.Name
    properties: {
      deadLetteringOnMessageExpiration: subscription.Properties.DeadLetteringOnMessageExpiration
      // Only whoever is answered may take his time: what nobody reads would fill the topic.
      defaultMessageTimeToLive: subscription.Properties.DeadLetteringOnMessageExpiration
        ? answerTimeToLive
        : subscription.Properties.DefaultMessageTimeToLive
      lockDuration: subscription.Properties.LockDuration
      maxDeliveryCount: subscription.Properties.MaxDeliveryCount
      requiresSession: subscription.Properties.RequiresSession
    }
  }
]

resource subscriptionRules 'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules@2024-01-01' = [
  for rule in rules: {
    parent: topicSubscriptions[rule.subscriptionIndex]
    name: rule.name
    properties: { filterType: 'SqlFilter', sqlFilter: { sqlExpression: rule.expression } }
  }
]

module endpoint 'private-endpoint.bicep' = if (privateEndpoint != null) {
  params: {
    location: location
    tags: tags
    name: 'pe-${namespace.name}'
    targetId: namespace.id
    groupId: 'namespace'
    subnetId: privateEndpoint!.subnetId
    zoneIds: privateEndpoint!.zoneIds
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id of the namespace.')
output resourceId string = namespace.id

@description('Name of the namespace.')
output name string = namespace.name

@description('Host of the namespace: what clients connect to.')
output host string = '${namespace.name}.servicebus.windows.net'
