/**
 * `npm run emulators`: creates the database and the containers that `config/topology.json` declares in the Cosmos DB that
 * `local.settings.json` names. For the official emulator only: on Azure, Bicep creates them, and the app itself never does.
 */
import './require-node.js';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { failWith } from './command.js';
import { createContainers, type Topology } from './cosmos-containers.js';
import { ROOT, TOPOLOGY_FILE } from './paths.js';

async function main(): Promise<void> {
  const own = path.join(ROOT, 'local.settings.json');
  const file = existsSync(own) ? own : path.join(ROOT, 'local.settings.sample.json');
  const { Values } = JSON.parse(readFileSync(file, 'utf8')) as { Values: Record<string, string> };
  const topology = JSON.parse(readFileSync(TOPOLOGY_FILE, 'utf8')) as Topology;
  const created = await createContainers(
    { endpoint: Values['COSMOS_ENDPOINT']!, key: Values['COSMOS_KEY']! },
    topology,
  );
  console.log(`${Values['COSMOS_ENDPOINT']} has: ${created.join(', ')}`);
}

main().catch(failWith('The containers could not be created'));
