// What wakes somebody up, and what becomes a ticket. Both service levels (the API of hai, and the gateway that teams call) promise that
// 99.9 % of calls in 30 days do not fail by our fault; an alert says how fast that budget burns, over a long and a short window at once, so
// that it starts soon and stops soon (Google, "The Site Reliability Workbook", chapter 5).

@description('Required. Region of workspace and rules.')
param location string

@description('Required. Base name of the environment, such as hai-twej.')
param baseName string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Log Analytics workspace that the rules ask.')
param workspaceId string

@description('Required. Service Bus namespace whose dead letters are watched.')
param serviceBusNamespaceId string

@description('Required. Name of the Function App of the api tier.')
param apiAppName string

@description('Required. Name of the Function App of the worker tier.')
param workerAppName string

@description('Required. Addresses that are told at once.')
@minLength(1)
param pageEmails string[]

@description('Optional. Addresses that get a ticket; those of pages by default.')
param ticketEmails string[] = pageEmails

@description('Optional. Seconds after which a team should have its access, in nine cases of ten. GPU nodes of a new shared model take most of it.')
param timeToAccessSecondsMax int = 3600

// A call fails by our fault when it ends in 5xx; 4xx, limits among them, are answers.
var serviceLevels = [
  {
    name: 'api'
    calls: join(
      [
        'AppRequests'
        'where AppRoleName =~ "${apiAppName}" and isnotempty(Url)'
        'extend failed = toint(ResultCode) >= 500, weight = ItemCount'
      ],
      ' | '
    )
  }
  {
    name: 'gateway'
    calls: join(
      [
        'ApiManagementGatewayLogs'
        'where ApiId in ("openai-api", "kaito-api")'
        'extend failed = ResponseCode >= 500, weight = 1'
      ],
      ' | '
    )
  }
]
// Shares of failed calls: 14.4 and 6 times the 0.1 % that may fail. At these speeds 2 % of the budget is gone after an hour, 5 % after six.
var burnRates = [
  { group: 0, severity: 1, long: '1h', short: '5m', window: 'PT1H', frequency: 'PT5M', share: '0.0144' }
  { group: 1, severity: 3, long: '6h', short: '30m', window: 'PT6H', frequency: 'PT15M', share: '0.006' }
]
var burnAlerts = flatten(map(serviceLevels, level => map(burnRates, rate => {
  name: 'slo-${level.name}-${rate.long}'
  description: 'The error budget of the ${level.name} (99.9 % in 30 days) burns too fast, over ${rate.long} and ${rate.short}.'
  group: rate.group
  severity: rate.severity
  window: rate.window
  frequency: rate.frequency
  query: join(
    [
      level.calls
      'extend recent = TimeGenerated > ago(${rate.short})'
      'summarize failedLong = sumif(weight, failed), allLong = sum(weight), failedShort = sumif(weight, failed and recent), allShort = sumif(weight, recent)'
      'where todouble(failedLong) / allLong > ${rate.share} and todouble(failedShort) / allShort > ${rate.share}'
    ],
    ' | '
  )
})))

// The worker logs one line when an operation ends: `Operation ended {"id":…,"kind":…,"phase":…,"seconds":…}`.
var endedOperations = join(
  [
    'AppTraces'
    'where AppRoleName =~ "${workerAppName}" and Message startswith "Operation ended "'
    'extend ended = parse_json(substring(Message, 16))'
  ],
  ' | '
)
var operationAlerts = [
  {
    name: 'operation-stuck'
    description: 'An operation could not be undone: the operations page names the step and what is left in Azure.'
    group: 0
    severity: 1
    window: 'PT15M'
    frequency: 'PT5M'
    query: '${endedOperations} | where ended.phase == "stuck"'
  }
  {
    name: 'operations-failing'
    description: 'More than a tenth of the operations of the last hour failed (five at least).'
    group: 1
    severity: 2
    window: 'PT1H'
    frequency: 'PT15M'
    query: join(
      [
        'AppRequests'
        'where AppRoleName =~ "${workerAppName}" and Name in ("record-failure", "record-team-ready", "record-model-ready")'
        'summarize failed = sumif(ItemCount, Name == "record-failure"), ended = sum(ItemCount)'
        'where failed >= 5 and failed * 10 > ended'
      ],
      ' | '
    )
  }
  {
    name: 'invocations-failing'
    description: 'More than a twentieth of the worker\'s invocations threw: something that it needs does not answer, or a release is broken.'
    group: 0
    severity: 2
    window: 'PT15M'
    frequency: 'PT5M'
    query: join(
      [
        'AppRequests'
        'where AppRoleName =~ "${workerAppName}"'
        'summarize failed = sumif(ItemCount, Success == false), invocations = sum(ItemCount)'
        'where failed >= 20 and failed * 20 > invocations'
      ],
      ' | '
    )
  }
  {
    name: 'time-to-access'
    description: 'A tenth of the teams of the last six hours waited longer for their access than promised.'
    group: 1
    severity: 3
    window: 'PT6H'
    frequency: 'PT30M'
    query: join(
      [
        endedOperations
        'where ended.phase == "succeeded" and ended.kind == "provision-team-access"'
        'summarize waited = percentile(toreal(ended.seconds), 90)'
        'where waited > ${timeToAccessSecondsMax}'
      ],
      ' | '
    )
  }
]
var alerts = concat(burnAlerts, operationAlerts)

resource actionGroups 'Microsoft.Insights/actionGroups@2023-01-01' = [
  for group in [
    { name: 'page', shortName: 'hai-page', emails: pageEmails }
    { name: 'ticket', shortName: 'hai-ticket', emails: ticketEmails }
  ]: {
    name: 'ag-${group.name}-${baseName}'
    location: 'global'
    tags: tags
    properties: {
      groupShortName: group.shortName
      enabled: true
      emailReceivers: map(group.emails, email => { name: email, emailAddress: email, useCommonAlertSchema: true })
    }
  }
]

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in alerts: {
    name: 'alert-${alert.name}-${baseName}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.name
      description: alert.description
      severity: alert.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: alert.frequency
      windowSize: alert.window
      // A new workspace has no such tables until the first record arrives.
      skipQueryValidation: true
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [actionGroups[alert.group].id] }
    }
  }
]

// hai empties the dead letters of its queues every minute: what stays for a quarter of an hour is not being looked after.
resource deadLetters 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'alert-dead-letters-${baseName}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Dead letters lie in a queue or subscription for 15 minutes.'
    severity: 2
    enabled: true
    scopes: [serviceBusNamespaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'dead-letters'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'DeadletteredMessages'
          timeAggregation: 'Minimum'
          operator: 'GreaterThan'
          threshold: 0
          dimensions: [{ name: 'EntityName', operator: 'Include', values: ['*'] }]
        }
      ]
    }
    actions: [{ actionGroupId: actionGroups[0].id }]
  }
}

@description('Resource ids of the action groups: pages, then tickets.')
output actionGroupIds string[] = [actionGroups[0].id, actionGroups[1].id]
