/**
 * A Cosmos DB server in a process of its own, so that a test can kill it. `node cosmos-child.cjs <dataFile> <databases>`
 * prints its endpoint and key as JSON.
 */
require('./typescript-hooks.cjs');
const { runningClock } = require('../../local/clock.ts');
const { startCosmos } = require('../../local/world/cosmos/index.ts');

const [dataFile, databases] = process.argv.slice(2);
void startCosmos({ clock: runningClock(), databases: JSON.parse(databases), dataFile }).then(({ endpoint, key }) =>
  process.stdout.write(`${JSON.stringify({ endpoint, key })}\n`),
);
