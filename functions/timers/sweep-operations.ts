/** Every minute: looks after everything that should be moving, publishes events that were left, retires models that nobody is on. */
import { app, type InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { retireIdleModels } from '../../shared/application/shared-models.js';
import { sweepOperations, sweepOutboxes } from '../../shared/application/take-over.js';
import { stateOfInstance } from '../instances.js';
import { withLog } from '../log.js';
import { services } from '../wiring.js';

app.timer('sweep-operations', {
  schedule: '0 * * * * *',
  extraInputs: [df.input.durableClient()],
  handler: async (_timer: unknown, context: InvocationContext): Promise<void> => {
    const all = withLog(services(), context);
    const client = df.getClient(context);
    // Each by itself: one that fails leaves the others their minute.
    const jobs = [
      sweepOperations((instanceId) => stateOfInstance(client, instanceId), all),
      sweepOutboxes(all),
      retireIdleModels(all),
    ];
    for (const result of await Promise.allSettled(jobs))
      if (result.status === 'rejected') context.warn(`The sweep could not do all: ${String(result.reason)}`);
  },
});
