// The one right of hai at the scope of the Azure subscription: purging deleted Foundry accounts and reading quotas. Only rbac.bicep calls it.

targetScope = 'subscription'

@description('Required. Base of all names, for example hai-twej.')
param baseName string

@description('Required. Object id of the worker\'s identity.')
param workerPrincipalId string

resource purger 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, baseName, 'account-purger')
  properties: {
    roleName: 'hai account purger (${baseName})'
    description: 'Purges deleted Foundry accounts so that their names are free again, and reads quotas.'
    type: 'CustomRole'
    assignableScopes: [subscription().id]
    permissions: [
      {
        actions: [
          'Microsoft.CognitiveServices/locations/resourceGroups/deletedAccounts/read'
          'Microsoft.CognitiveServices/locations/resourceGroups/deletedAccounts/delete'
          'Microsoft.CognitiveServices/locations/usages/read'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, workerPrincipalId, purger.name)
  properties: {
    principalId: workerPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: purger.id
  }
}
