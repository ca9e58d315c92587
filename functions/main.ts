/** All doors of the app, by tier. `HAI_TIER` says which of them this app opens: the api tier answers, the worker tier does. */
import { app } from '@azure/functions';
import { services } from './wiring.js';

// Answers are small; buffering them keeps the app free of a second HTTP server.
app.setup({ enableHttpStream: false });

// A wrong setting or catalog stops the app at its start, with every mistake named, not at the first request.
const { HAI_TIER: tier } = services().settings;

if (tier !== 'worker') {
  require('./http/request-team-access.js');
  require('./http/operations.js');
  require('./http/teams.js');
  require('./http/platform.js');
}

if (tier !== 'api') {
  require('./bus/receive-access-request.js');
  require('./bus/run-operation.js');
  require('./timers/sweep-operations.js');
  require('./timers/drain-dead-letters.js');
  require('./orchestrators.js');
  require('./activities.js');
}

require('./http/health.js');
