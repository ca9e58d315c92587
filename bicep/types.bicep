// Types that several modules share: each is declared once and imported.

@export()
@description('The three environments. What the seeds call prod and prd is production; stg, sit and uat are staging.')
type environmentNameType = 'dev' | 'staging' | 'production'

@export()
@description('Tags of every resource: who owns it, who pays for it and what it is for.')
type resourceTagsType = {
  owner: string
  environment: environmentNameType
  region: string
  team: string
  'cost-center': string
  purpose: string
  *: string
}

@export()
@description('A user-assigned identity: its resource id, the id that clients name it by, and the id that roles are given to.')
type identityType = {
  id: string
  clientId: string
  principalId: string
}

@export()
@description('Which doors an app opens (setting HAI_TIER).')
type tierType = 'api' | 'worker'

@export()
@description('Subnet and private DNS zones of a private endpoint; without one a service is reached over its public address.')
type privateAccessType = {
  subnetId: string
  zoneIds: string[]
}

@export()
@description('A named range of addresses, so that every opening says for whom it is.')
type namedRangeType = {
  @maxLength(32)
  name: string
  addressPrefix: string
}

@export()
@description('Where the Durable history lives when the Durable Task Scheduler holds it.')
type durableSchedulerType = {
  endpoint: string
  taskHub: string
}

@export()
@description('Capacity and durability of an environment.')
type sizingType = {
  @description('Standard has no private endpoint; Premium has, and costs a fixed sum per hour.')
  serviceBusSku: 'Standard' | 'Premium'
  @description('Request units: paid per request, or reserved with autoscale.')
  cosmosThroughput: 'serverless' | 'autoscale'
  @description('Where the Durable history lives: the Durable Task Scheduler, or the storage account of the worker.')
  durableBackend: 'scheduler' | 'storage'
  @description('Units of API Management.')
  @minValue(1)
  @maxValue(10)
  apiManagementUnits: int
  @description('Instances of each app that are never scaled away.')
  @minValue(0)
  alwaysReadyInstances: int
  @description('Copies in several availability zones, where a service offers it.')
  zoneRedundant: bool
}
