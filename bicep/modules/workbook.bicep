// The operators' workbook: requests, time to access, steps, failures and tokens, from the telemetry of apps and gateway.

@description('Required. Region of the resources.')
param location string

@description('Required. Base of all names, for example hai-twej.')
param baseName string

@description('Required. Tags of the resources.')
param tags object

@description('Required. Application Insights component that the queries run against.')
param appInsightsId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  // Workbooks are named by a GUID; the title is what people see.
  name: guid(resourceGroup().id, 'operations')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'hai operations (${baseName})'
    category: 'workbook'
    sourceId: appInsightsId
    serializedData: loadTextContent('../workbooks/operations.json')
  }
}

@description('Resource id of the workbook.')
output resourceId string = workbook.id

@description('Name of the workbook.')
output name string = workbook.name
