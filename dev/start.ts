/** `npm start`: brings the platform up and stays, with its state in the data folder. */
import './require-node.js';
import { closeOnSignal, failWith, logProblems } from './command.js';
import { prepareDataFolder } from './data-folder.js';
import { portNumber, positiveNumber, readOptions } from './options.js';
import { DEFAULT_DATA_FOLDER } from './paths.js';
import { startPlatform } from './platform.js';

const values = readOptions({
  port: { type: 'string', default: '7071' },
  data: { type: 'string', default: DEFAULT_DATA_FOLDER },
  speed: { type: 'string', default: '1' },
  fresh: { type: 'boolean', default: false },
});

async function main(): Promise<void> {
  const dataFolder = values.data;
  prepareDataFolder(dataFolder, values.fresh);
  const platform = await startPlatform({
    dataFolder,
    port: portNumber('--port', values.port),
    speed: positiveNumber('--speed', values.speed),
    log: logProblems,
  });
  const { url } = platform.host;
  console.log(`hai is up: ${url}/api/v1 (data in ${dataFolder}, ${values.speed} times real time)

Try next, from another terminal in this folder:
  curl -s -H 'content-type: application/yaml' --data-binary @examples/team-alpha.yaml ${url}/api/v1/access-requests
  curl -s ${url}/api/v1/operations
  curl -s ${url}/api/v1/teams/team-alpha

Stop with Ctrl-C; the state stays for the next start.`);

  closeOnSignal(() => platform.close());
}

main().catch(failWith('hai could not start'));
