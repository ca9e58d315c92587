// The identities of everything that acts by itself. They are made first and hold nothing: rights are given to them before what uses them
// exists, so no part waits for another part's identity.

import { identityType } from '../types.bicep'

@description('Required. Region of the resources.')
param location string

@description('Required. Base of all names, for example hai-twej.')
param baseName string

@description('Required. Tags of the resources.')
param tags object

resource api 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${baseName}-api'
  location: location
  tags: tags
}

resource worker 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${baseName}-worker'
  location: location
  tags: tags
}

resource cluster 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${baseName}-cluster'
  location: location
  tags: tags
}

@description('Identity of the app that answers callers.')
output api identityType = { id: api.id, clientId: api.properties.clientId, principalId: api.properties.principalId }

@description('Identity of the app that changes Azure.')
output worker identityType = {
  id: worker.id
  clientId: worker.properties.clientId
  principalId: worker.properties.principalId
}

@description('Identity of the AKS control plane.')
output cluster identityType = {
  id: cluster.id
  clientId: cluster.properties.clientId
  principalId: cluster.properties.principalId
}
