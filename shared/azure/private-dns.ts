/** Private DNS: the A records of the shared models in one zone. */
import { lazy } from '../kit/lazy.js';
import { azureCall, deleteIfPresent, readOrAbsent } from './azure-error.js';
import { type AzureConnection, armOptions } from './connection.js';

export interface AddressRecord {
  addresses: string[];
  ttlSeconds: number;
}

export function privateDns(connection: AzureConnection, resourceGroup: string, zone: string) {
  const client = lazy(() => {
    const sdk = require('@azure/arm-privatedns') as typeof import('@azure/arm-privatedns');
    return new sdk.PrivateDnsManagementClient(
      connection.credential,
      connection.azureSubscriptionId,
      armOptions(connection),
    );
  });
  const at = [resourceGroup, zone, 'A'] as const;

  return {
    async readRecord(name: string): Promise<AddressRecord | undefined> {
      const found = await readOrAbsent(`read "${name}.${zone}"`, () => client().recordSets.get(...at, name));
      return (
        found && {
          addresses: (found.aRecords ?? []).flatMap((record) => record.ipv4Address ?? []),
          ttlSeconds: found.ttl ?? 0,
        }
      );
    },

    async writeRecord(name: string, { addresses, ttlSeconds }: AddressRecord): Promise<void> {
      const body = { ttl: ttlSeconds, aRecords: addresses.map((ipv4Address) => ({ ipv4Address })) };
      await azureCall(`register "${name}.${zone}"`, () => client().recordSets.createOrUpdate(...at, name, body));
    },

    async deleteRecord(name: string): Promise<void> {
      await deleteIfPresent(`remove "${name}.${zone}"`, () => client().recordSets.delete(...at, name));
    },
  };
}
