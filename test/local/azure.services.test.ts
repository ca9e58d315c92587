/** The services of the simulated Azure, as the real SDKs see them. */
import './azure-fixture.js';
import { casesOf, OF_THE_WORLD } from './cases.js';

describe.each(casesOf('azure', OF_THE_WORLD))('azure: %s', (name) => {
  require(`./azure.${name}.cases.js`);
});
