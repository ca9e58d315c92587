// A small Linux machine inside the network for administrators of a private cluster. It has no public address: people come through Bastion or
// from the named ranges of its subnet's security group.

@description('Required. Region of the virtual network.')
param location string

@description('Required. Base name of the environment, such as hai-twej.')
param baseName string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Subnet jump.')
param subnetId string

@description('Required. Public half of the administrators\' SSH key. A placeholder is shorter than any real key and is refused.')
@minLength(80)
param sshPublicKey string

@description('Optional. Name of the administrator account.')
param adminUserName string = 'platform'

@description('Optional. Size of the machine; smaller ones cannot run the Azure CLI.')
param vmSize string = 'Standard_B2s'

@description('Optional. Also encrypts temporary disk and caches; needs the feature Microsoft.Compute/EncryptionAtHost once per Azure subscription.')
param encryptionAtHost bool = false

var name = 'vm-jump-${baseName}'

resource networkInterface 'Microsoft.Network/networkInterfaces@2025-09-01' = {
  name: 'nic-${name}'
  location: location
  tags: tags
  properties: {
    ipConfigurations: [
      {
        name: 'default'
        properties: { subnet: { id: subnetId }, privateIPAllocationMethod: 'Dynamic' }
      }
    ]
  }
}

resource machine 'Microsoft.Compute/virtualMachines@2026-04-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    hardwareProfile: { vmSize: vmSize }
    storageProfile: {
      imageReference: { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' }
      osDisk: {
        createOption: 'FromImage'
        deleteOption: 'Delete'
        managedDisk: { storageAccountType: 'StandardSSD_LRS' }
      }
    }
    osProfile: {
      // A Linux host name has at most 64 characters.
      computerName: take(name, 64)
      adminUsername: adminUserName
      customData: loadFileAsBase64('../cloud-init/jumphost.yaml')
      linuxConfiguration: {
        disablePasswordAuthentication: true
        ssh: { publicKeys: [{ path: '/home/${adminUserName}/.ssh/authorized_keys', keyData: sshPublicKey }] }
        patchSettings: { patchMode: 'AutomaticByPlatform', assessmentMode: 'AutomaticByPlatform' }
      }
    }
    networkProfile: { networkInterfaces: [{ id: networkInterface.id, properties: { deleteOption: 'Delete' } }] }
    securityProfile: {
      securityType: 'TrustedLaunch'
      uefiSettings: { secureBootEnabled: true, vTpmEnabled: true }
      encryptionAtHost: encryptionAtHost
    }
    // Serial console and boot log, kept in storage that Azure manages.
    diagnosticsProfile: { bootDiagnostics: { enabled: true } }
  }
}

@description('Resource id of the machine.')
output resourceId string = machine.id

@description('Name of the machine.')
output name string = machine.name
