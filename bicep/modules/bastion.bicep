// Azure Bastion: the way in for people, without a public address on any machine.

@description('Required. Region of the virtual network.')
param location string

@description('Required. Base name of the environment, such as hai-twej.')
param baseName string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Subnet AzureBastionSubnet.')
param subnetId string

@description('Required. Log Analytics workspace of the audit log.')
param workspaceId string

@description('Optional. Basic is enough for SSH in the browser; Standard adds native clients.')
param sku 'Basic' | 'Standard' = 'Basic'

resource address 'Microsoft.Network/publicIPAddresses@2025-09-01' = {
  name: 'pip-bas-${baseName}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static' }
}

resource bastion 'Microsoft.Network/bastionHosts@2025-09-01' = {
  name: 'bas-${baseName}'
  location: location
  tags: tags
  sku: { name: sku }
  properties: {
    ipConfigurations: [
      {
        name: 'default'
        properties: { subnet: { id: subnetId }, publicIPAddress: { id: address.id } }
      }
    ]
    // Sessions end at the jump host: a link for somebody without an account has no place here.
    enableShareableLink: sku == 'Standard' ? false : null
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: bastion
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'BastionAuditLogs', enabled: true }]
  }
}

@description('Resource id of the Bastion host.')
output resourceId string = bastion.id

@description('Name of the Bastion host.')
output name string = bastion.name
