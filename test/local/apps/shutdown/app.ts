/** Functions that take their time, for tests that stop the host meanwhile. Each leaves a line in a file when it begins and ends. */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { app } from '@azure/functions';
import * as df from 'durable-functions';

const note = (line: string) => appendFileSync(process.env['NOTES_FILE']!, `${line}\n`);

async function slow(name: string): Promise<string> {
  note(`${name} begins`);
  await sleep(300);
  note(`${name} ends`);
  return name;
}

app.http('slow', { handler: async () => ({ body: await slow('request') }) });
app.http('endless', {
  handler: () => {
    note('endless begins');
    return new Promise(() => {});
  },
});
df.app.activity('slowActivity', { handler: (name: string) => slow(name) });
df.app.orchestration('two', function* (context) {
  const first: string = yield context.df.callActivity('slowActivity', 'first');
  const second: string = yield context.df.callActivity('slowActivity', 'second');
  return [first, second];
});
