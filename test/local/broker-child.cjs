/**
 * A broker in a process of its own, so that a test can kill it. `node broker-child.cjs <dataFile> <config>` prints its
 * connection string.
 */
require('./typescript-hooks.cjs');
const { runningClock } = require('../../local/clock.ts');
const { startBroker } = require('../../local/world/broker/index.ts');

const [dataFile, config] = process.argv.slice(2);
void startBroker({ clock: runningClock(), config: JSON.parse(config), dataFile }).then(({ connectionString }) =>
  process.stdout.write(`${connectionString}\n`),
);
