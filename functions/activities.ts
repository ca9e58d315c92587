/** Registers the five activities. An activity never throws: what goes wrong is an outcome, and a fault of ours raises an alert. */
import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import type { Services } from '../shared/application/services.js';
import { bookkeeping } from '../shared/application/steps/bookkeeping.js';
import { asOutcome } from '../shared/application/steps/guard.js';
import { look } from '../shared/application/steps/look.js';
import { make } from '../shared/application/steps/make.js';
import { record } from '../shared/application/steps/record.js';
import { remove } from '../shared/application/steps/remove.js';
import { survey } from '../shared/application/steps/survey.js';
import { ACTIVITIES, type FrameAnswer } from '../shared/contracts/activities.js';
import { withLog } from './log.js';
import { services } from './wiring.js';

type Contract<Input> = { name: string; input: { parse(value: unknown): Input } };

function activity<Input>(
  { name, input }: Contract<Input>,
  run: (call: Input, services: Services) => Promise<FrameAnswer>,
) {
  df.app.activity(name, {
    handler: (given: unknown, context: InvocationContext) => {
      const logging = withLog(services(), context);
      return asOutcome<FrameAnswer>(async () => run(input.parse(given), logging), logging);
    },
  });
}

activity(ACTIVITIES.survey, (call, all) => bookkeeping(call, () => survey(call, all), all));
activity(ACTIVITIES.make, make);
activity(ACTIVITIES.look, look);
activity(ACTIVITIES.remove, remove);
activity(ACTIVITIES.record, (call, all) => bookkeeping(call, () => record(call, all), all));
