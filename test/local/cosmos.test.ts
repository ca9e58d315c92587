/** The Cosmos DB simulator, by the real SDK. */
import './cosmos-setup.js';
import { casesOf } from './cases.js';

describe.each(casesOf('cosmos'))('cosmos: %s', (name) => {
  require(`./cosmos.${name}.cases.js`);
});
