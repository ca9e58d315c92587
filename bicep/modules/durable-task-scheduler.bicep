// The Durable Task Scheduler: holds the Durable history of the worker when the environment chooses it over Azure Storage.

@description('Required. Region of the resources.')
param location string

@description('Required. Base of all names, for example hai-twej.')
param baseName string

@description('Required. Tags of the resources.')
param tags object

@description('Optional. Consumption is paid per action; Dedicated has capacity units and, from three on, copies in several zones.')
param sku { name: 'Consumption' | 'Dedicated', capacity: int? } = { name: 'Consumption' }

@description('Required. Address ranges that may reach it: those that the worker leaves the network by. Nobody else, even with a token.')
@minLength(1)
param allowedAddressRanges string[]

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' = {
  name: 'dts-${baseName}'
  location: location
  tags: tags
  properties: { sku: sku, ipAllowlist: allowedAddressRanges }
}

// host.json is the same in every environment, so the hub takes its name from there.
resource taskHub 'Microsoft.DurableTask/schedulers/taskHubs@2025-11-01' = {
  parent: scheduler
  name: loadJsonContent('../../host.json').extensions.durableTask.hubName
  properties: {}
}

@description('Resource id of the scheduler.')
output resourceId string = scheduler.id

@description('Name of the scheduler.')
output name string = scheduler.name

@description('Name of the task hub.')
output taskHubName string = taskHub.name

@description('Address that the Durable extension connects to.')
output endpoint string = scheduler.properties.endpoint
