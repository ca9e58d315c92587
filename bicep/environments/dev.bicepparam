// Development: small, paid by use, and the only environment that people run hai against from their desks. `azd up` builds it.
using '../main.bicep'

var developerRange = { name: 'developer', addressPrefix: readEnvironmentVariable('HAI_DEPLOYER_RANGE', '203.0.113.0/32') }

param environmentName = 'dev'
param location = readEnvironmentVariable('AZURE_LOCATION')
param ownership = { owner: 'platform@contoso.com', team: 'platform', costCenter: 'CC-10000', purpose: 'AI platform' }
param contacts = {
  publisherName: 'Platform team'
  publisherEmail: 'platform@contoso.com'
  pageEmails: ['platform@contoso.com']
  costEmails: ['platform@contoso.com']
}
param operatorsGroup = {
  objectId: readEnvironmentVariable('HAI_OPERATORS_GROUP_ID')
  name: readEnvironmentVariable('HAI_OPERATORS_GROUP_NAME', 'platform-operators')
}
param sshPublicKey = readEnvironmentVariable('HAI_SSH_PUBLIC_KEY')
param sizing = {
  serviceBusSku: 'Standard'
  cosmosThroughput: 'serverless'
  durableBackend: 'storage'
  apiManagementUnits: 1
  alwaysReadyInstances: 0
  zoneRedundant: false
}
// Without a sign-in the addresses are what keeps strangers out. The range of the documentation (203.0.113.0) is nobody's: set your own.
param authentication = 'none'
param apiRanges = [developerRange]
param deployerRanges = [developerRange]
param developerRanges = [developerRange]
param privateCluster = false
param modelCapacity = 50
param requestTimeToLive = 'P1D'
param budget = { monthlyAmount: 2000, startDate: '2026-12-01' }
