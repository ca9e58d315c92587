/** Plain JavaScript app for tests that kill the host's process. Each activity leaves a line in a file, so that repetitions can be seen. */
const { appendFileSync } = require('node:fs');
const { app } = require('@azure/functions');
const df = require('durable-functions');

df.app.activity('step', {
  handler: async ({ instance, index, ms }) => {
    appendFileSync(process.env.STEPS_FILE, `${instance} ${index}\n`);
    await new Promise((resolve) => setTimeout(resolve, ms));
    return index;
  },
});

df.app.orchestration('steps', function* (context) {
  const { count, ms } = context.df.getInput();
  const done = [];
  for (let index = 0; index < count; index++) {
    done.push(yield context.df.callActivity('step', { instance: context.df.instanceId, index, ms }));
  }
  done.push(yield context.df.waitForExternalEvent('go'));
  return done;
});

app.http('world', { handler: () => ({ jsonBody: { now: Date.now(), hostname: process.env.WEBSITE_HOSTNAME } }) });
