/** The private address record of a shared model; whose it is stands in the record's metadata. */
import { z } from 'zod';
import { QUICK, REMOVAL } from '../model/outcome.js';
import { modelNamesOf, nameOf, specFields } from './names.js';
import { resource, written } from './resource.js';

/** Seconds that resolvers keep a model's address; it is fixed, so minutes cost nothing. */
const TTL_SECONDS = 300;

export const dnsRecord = resource({
  kind: 'dns-record',
  spec: z.object({ ...specFields, address: z.ipv4() }),
  belongs: ({ id, owner }) => nameOf(id) === modelNamesOf(owner).dnsRecord,
  title: ({ id }) => `Register ${nameOf(id)} in ${id.split('/').at(-3)}`,
  wanted: ({ address }) => ({ addresses: [address], ttlSeconds: TTL_SECONDS }),
  async read({ id }, { privateDns }) {
    const found = await privateDns.readRecord(id);
    return found && { body: found, owner: found.metadata['owner'] };
  },
  async write({ id, owner, address }, found, { privateDns }) {
    const metadata = { ...found?.body.metadata, owner };
    await privateDns.writeRecord(id, { addresses: [address], ttlSeconds: TTL_SECONDS, metadata }, found?.body);
    return written;
  },
  remove: ({ id }, { body }, { privateDns }) => privateDns.deleteRecord(id, body),
  compares: { create: true, write: true, remove: true },
  patience: QUICK,
  removal: REMOVAL,
  armWrites: 1,
});
