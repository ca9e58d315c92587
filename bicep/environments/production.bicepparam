// Production: in several zones, behind the firewall, nothing public but the gateway and the api tier. What the seeds call prod and prd.
using '../main.bicep'

param environmentName = 'production'
param location = readEnvironmentVariable('AZURE_LOCATION')
param ownership = { owner: 'platform@contoso.com', team: 'platform', costCenter: 'CC-10000', purpose: 'AI platform' }
param contacts = {
  publisherName: 'Platform team'
  publisherEmail: 'platform@contoso.com'
  pageEmails: ['platform-on-call@contoso.com']
  costEmails: ['platform@contoso.com', 'finance@contoso.com']
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
  apiManagementUnits: 2
  alwaysReadyInstances: 2
  zoneRedundant: true
}
param deployerRanges = [
  { name: 'runner', addressPrefix: readEnvironmentVariable('HAI_DEPLOYER_RANGE', '203.0.113.0/32') }
]
// The callers' networks: add them here by name. The api tier lets in nobody else.
param apiRanges = []
param egressMode = 'firewall'
param availabilityZones = ['1', '2', '3']
// Ninety days: an auditor asks later than a developer.
param rejectedRetentionSeconds = 7776000
param requestTimeToLive = 'P14D'
param budget = { monthlyAmount: 25000, startDate: '2026-12-01' }
