/** The Service Bus broker, by the real SDK. */
import './broker-fixture.js';
import { casesOf } from './cases.js';

describe.each(casesOf('broker'))('broker: %s', (name) => {
  require(`./broker.${name}.cases.js`);
});
