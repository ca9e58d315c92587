// The Entra application that callers sign in to, with the three roles that hai knows. Needs the Graph extension (bicepconfig.json) and a
// deployer who may register applications; an environment may leave it out and name an application that somebody else registered.

extension microsoftGraphV1

@description('Required. Base of all names, for example hai-twej.')
param baseName string

var roles = [
  { value: 'requester', displayName: 'Requester', description: 'Asks for access for a team and follows its operations.' }
  { value: 'approver', displayName: 'Approver', description: 'Approves what exceeds the guardrails.' }
  { value: 'operator', displayName: 'Operator', description: 'Runs the platform: models, retries, drift, offboarding.' }
]

// The offline checker has no schemas of Microsoft Graph.
#disable-next-line BCP081 BCP029
resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: 'hai-${baseName}'
  displayName: 'hai (${baseName})'
  signInAudience: 'AzureADMyOrg'
  api: { requestedAccessTokenVersion: 2 }
  appRoles: [
    for role in roles: {
      id: guid(baseName, role.value)
      value: role.value
      displayName: role.displayName
      description: role.description
      allowedMemberTypes: ['User', 'Application']
      isEnabled: true
    }
  ]
}

// Only who was given a role gets a token.
#disable-next-line BCP081 BCP029
resource servicePrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
  appRoleAssignmentRequired: true
}

@description('Client id that callers ask a token for.')
output clientId string = application.appId

@description('Object id of the service principal: where people and groups are given their roles.')
output servicePrincipalId string = servicePrincipal.id
