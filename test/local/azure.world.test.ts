/** The cluster of the simulated Azure, its faults and its files. */
import './azure-fixture.js';
import { OF_THE_WORLD } from './cases.js';

describe.each(OF_THE_WORLD)('azure: %s', (name) => {
  require(`./azure.${name}.cases.js`);
});
