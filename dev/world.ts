/** `npm run world`: the simulated world alone, for `func start` or another host. Prints the settings that the app needs. */
import './require-node.js';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { appSettings } from './app-settings.js';
import { positiveNumber } from './options.js';
import { DEFAULT_DATA_FOLDER } from './paths.js';
import { startStoredWorld } from './platform.js';
import { prepareDataFolder } from './platform-file.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: DEFAULT_DATA_FOLDER },
    speed: { type: 'string', default: '1' },
    fresh: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  prepareDataFolder(values.data, values.fresh);
  const { world } = await startStoredWorld({ dataFolder: values.data, speed: positiveNumber('--speed', values.speed) });
  const authority = path.resolve(values.data, 'tls', 'ca.pem');
  writeFileSync(authority, world.caPem);
  console.log(`The world is up. Let the app trust it and give it these settings (local.settings.json, "Values"):

  export NODE_EXTRA_CA_CERTS=${authority}

${JSON.stringify(appSettings(world), null, 2)}

Faults, counts and tokens: ${world.azure.controlUrl}
Stop with Ctrl-C; the state stays for the next start.`);
  const stop = () => {
    void world.close().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

main().catch((error: unknown) => {
  console.error(`The world could not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
