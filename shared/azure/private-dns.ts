/** Private DNS: the A records of the shared models. Versions are compared: nobody else's record is overwritten or removed. */
import type { PrivateDns } from '../resources/adapters.js';
import { armCaller, isAbsent } from './arm.js';
import { parseArmId } from './arm-id.js';
import { type AzureConnection, armOptions, keyed } from './connection.js';

export function privateDns(connection: AzureConnection): PrivateDns {
  const arm = armCaller(connection);
  const clients = keyed((azureSubscriptionId) => {
    const sdk = require('@azure/arm-privatedns') as typeof import('@azure/arm-privatedns');
    return new sdk.PrivateDnsManagementClient(connection.credential, azureSubscriptionId, armOptions(connection));
  });
  const open = (id: string) => {
    const { azureSubscriptionId, resourceGroup, names } = parseArmId(id, 'privateDnsZones', 'A');
    const [zone, name] = names;
    const { recordSets } = clients(azureSubscriptionId);
    return { recordSets, at: [resourceGroup, zone, 'A', name] as const, host: `"${name}.${zone}"` };
  };

  return {
    async readRecord(id) {
      const { recordSets, at, host } = open(id);
      const found = await arm.read(`read ${host}`, isAbsent(id), (options) => recordSets.get(...at, options));
      return (
        found && {
          addresses: (found.aRecords ?? []).flatMap((record) => record.ipv4Address ?? []),
          ttlSeconds: found.ttl ?? 0,
          metadata: found.metadata ?? {},
          etag: found.etag ?? '',
        }
      );
    },

    async writeRecord(id, { addresses, ttlSeconds, metadata }, found) {
      const { recordSets, at, host } = open(id);
      const body = { ttl: ttlSeconds, aRecords: addresses.map((ipv4Address) => ({ ipv4Address })), metadata };
      const condition = found ? { ifMatch: found.etag } : { ifNoneMatch: '*' };
      await arm.send(`register ${host}`, (options) =>
        recordSets.createOrUpdate(...at, body, { ...options, ...condition }),
      );
    },

    deleteRecord(id, { etag }) {
      const { recordSets, at, host } = open(id);
      return arm.remove(`remove ${host}`, isAbsent(id), (options) =>
        recordSets.delete(...at, { ...options, ifMatch: etag }),
      );
    },
  };
}
