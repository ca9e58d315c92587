/** Creates what the topology declares in a Cosmos DB that is empty, such as the official emulator after its start. */
import { type ContainerDefinition, CosmosClient } from '@azure/cosmos';

export interface Topology {
  Cosmos: { Databases: { id: string; containers: ContainerDefinition[] }[] };
}

/** Returns `database/container` of all that is there afterwards. */
export async function createContainers(
  account: { endpoint: string; key: string },
  { Cosmos }: Topology,
): Promise<string[]> {
  const client = new CosmosClient(account);
  const names: string[] = [];
  for (const { id, containers } of Cosmos.Databases) {
    const { database } = await client.databases.createIfNotExists({ id });
    for (const definition of containers) {
      await database.containers.createIfNotExists(definition);
      names.push(`${id}/${definition.id}`);
    }
  }
  client.dispose();
  return names;
}
