import { readFileSync } from 'node:fs';
import { CosmosClient } from '@azure/cosmos';
import { createContainers, type Topology } from '../../dev/cosmos-containers.js';
import { TOPOLOGY_FILE } from '../../dev/paths.js';
import { runningClock } from '../../local/clock.js';
import { startCosmos } from '../../local/world/cosmos/index.js';

describe('npm run emulators', () => {
  it('creates in an empty Cosmos DB what the topology declares, and may run again', async () => {
    const server = await startCosmos({ clock: runningClock(), databases: [] });
    try {
      const topology = JSON.parse(readFileSync(TOPOLOGY_FILE, 'utf8')) as Topology;
      const expected = ['hai/access', 'hai/rejected'];
      expect(await createContainers(server, topology)).toEqual(expected);
      expect(await createContainers(server, topology)).toEqual(expected);
      const client = new CosmosClient({ endpoint: server.endpoint, key: server.key });
      const { resource } = await client.database('hai').container('access').read();
      expect(resource).toMatchObject({ partitionKey: { paths: ['/team'] }, defaultTtl: -1 });
      client.dispose();
    } finally {
      await server.close();
    }
  });
});
