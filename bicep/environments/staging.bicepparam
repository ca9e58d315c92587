// Staging: the shape of production at half its size, with its private endpoints. What the seeds call stg, sit and uat.
using '../main.bicep'

param environmentName = 'staging'
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
  serviceBusSku: 'Premium'
  cosmosThroughput: 'autoscale'
  durableBackend: 'scheduler'
  apiManagementUnits: 1
  alwaysReadyInstances: 1
  zoneRedundant: false
}
param deployerRanges = [
  { name: 'runner', addressPrefix: readEnvironmentVariable('HAI_DEPLOYER_RANGE', '203.0.113.0/32') }
]
param egressMode = 'firewall'
param modelCapacity = 100
param budget = { monthlyAmount: 8000, startDate: '2026-12-01' }
