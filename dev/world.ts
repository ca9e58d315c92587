/** `npm run world`: the simulated world alone, for `func start` or another host. Prints the settings that the app needs, or writes them. */
import './require-node.js';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { appSettings } from './app-settings.js';
import { closeOnSignal, failWith, logProblems } from './command.js';
import { prepareDataFolder } from './data-folder.js';
import { positiveNumber, readOptions } from './options.js';
import { DEFAULT_DATA_FOLDER, ROOT } from './paths.js';
import { startStoredWorld } from './platform.js';

const values = readOptions({
  data: { type: 'string', default: DEFAULT_DATA_FOLDER },
  speed: { type: 'string', default: '1' },
  fresh: { type: 'boolean', default: false },
  settings: { type: 'string' },
  emulators: { type: 'boolean', default: false },
});

/** Settings that stay those of the sample when the official emulators are used. */
const OF_THE_EMULATORS = ['COSMOS_ENDPOINT', 'COSMOS_KEY', 'ServiceBusConnection'];

interface SettingsFile {
  Values: Record<string, string>;
}

async function main(): Promise<void> {
  prepareDataFolder(values.data, values.fresh);
  const { world } = await startStoredWorld({
    dataFolder: values.data,
    speed: positiveNumber('--speed', values.speed),
    log: logProblems,
  });
  const settings = JSON.stringify(settingsFile(appSettings(world)), null, 2);
  if (values.settings) writeFileSync(values.settings, `${settings}\n`);
  console.log(`The world is up. ${values.settings ? `The app's settings are in ${values.settings}.` : `The app's settings:\n\n${settings}\n`}
Let the app trust it:  export NODE_EXTRA_CA_CERTS=${path.resolve(values.data, 'tls', 'ca.pem')}
Faults, counts and tokens:  ${world.azure.controlUrl}
Stop with Ctrl-C; the state stays for the next start.`);
  closeOnSignal(() => world.close());
}

/** The sample with the world's addresses in it. */
function settingsFile(fromWorld: Record<string, string>): SettingsFile {
  const sample = JSON.parse(readFileSync(path.join(ROOT, 'local.settings.sample.json'), 'utf8')) as SettingsFile;
  const kept = values.emulators ? OF_THE_EMULATORS : [];
  const own = Object.entries(fromWorld).filter(([name]) => !kept.includes(name));
  return { ...sample, Values: { ...sample.Values, ...Object.fromEntries(own) } };
}

main().catch(failWith('The world could not start'));
