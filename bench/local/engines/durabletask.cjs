/**
 * `@microsoft/durabletask-js` with its in-memory backend for compare.ts. Nothing of it is durable: it is what an engine costs without storage.
 * Prints the address to POST to, which answers when the workflow has ended. `node durabletask.cjs <steps>`
 */
const { createServer } = require('node:http');
const {
  InMemoryOrchestrationBackend,
  TestOrchestrationClient,
  TestOrchestrationWorker,
} = require('@microsoft/durabletask-js');

const steps = Number(process.argv[2]);
for (const level of ['log', 'info', 'warn', 'debug']) console[level] = () => {}; // It logs each event, which costs more than the work.

const step = async (_context, index) => index;
const chain = async function* (context) {
  let sum = 0;
  for (let index = 0; index < steps; index++) sum += yield context.callActivity(step, index);
  return sum;
};

async function main() {
  const backend = new InMemoryOrchestrationBackend();
  const worker = new TestOrchestrationWorker(backend);
  worker.addOrchestrator(chain);
  worker.addActivity(step);
  await worker.start();
  const client = new TestOrchestrationClient(backend);
  const run = async () => {
    const id = await client.scheduleNewOrchestration(chain);
    return (await client.waitForOrchestrationCompletion(id, true, 120)).serializedOutput;
  };
  const server = createServer((_request, response) => {
    run().then(
      (output) => response.end(output),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}/\n`));
}

void main();
