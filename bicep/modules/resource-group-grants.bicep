// Applies rows of rbac.bicep to a resource group as a whole. Only rbac.bicep calls it.

@description('Required. Who gets which role on the resource group; a condition narrows what its holder may assign.')
param grants { principalId: string, roleId: string, condition: string? }[]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in grants: {
    name: guid(resourceGroup().id, grant.principalId, grant.roleId)
    properties: {
      principalId: grant.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.roleId)
      condition: grant.?condition
      conditionVersion: grant.?condition == null ? null : '2.0'
    }
  }
]
