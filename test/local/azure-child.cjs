/**
 * The simulated Azure in a process of its own, so that a test can kill it. `node azure-child.cjs <folder> <resources> <ports>
 * <time line>` prints the addresses as JSON.
 */
const { join } = require('node:path');

require('./typescript-hooks.cjs');
const { runningClock } = require('../../local/clock.ts');
const { loadTls } = require('../../local/tls.ts');
const { startAzure } = require('../../local/world/azure/index.ts');

const [folder, resources, ports, timeLine] = process.argv.slice(2);
void startAzure({
  clock: runningClock(JSON.parse(timeLine)),
  resources: JSON.parse(resources),
  ports: JSON.parse(ports),
  tls: loadTls(folder),
  dataFile: join(folder, 'azure.sqlite'),
}).then(({ armUrl, identityEndpoint, identityHeader, ports: taken }) =>
  process.stdout.write(`${JSON.stringify({ armUrl, identityEndpoint, identityHeader, ports: taken })}\n`),
);
