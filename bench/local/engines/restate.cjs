/**
 * Restate (npm: @restatedev/restate-server, @restatedev/restate-sdk) for compare.ts: the server with its state on disk, and the service that it
 * calls, in this process. Prints the address to POST to, which answers when the workflow has ended. `node restate.cjs <data folder> <steps>`
 */
const { spawn } = require('node:child_process');
const { createServer: createHttp2Server } = require('node:http2');
const { createRequire } = require('node:module');
const { createServer } = require('node:net');
const restate = require('@restatedev/restate-sdk');

const [directory, steps] = process.argv.slice(2);
for (const level of ['log', 'info', 'warn', 'debug']) console[level] = () => {}; // It logs each invocation.

const bench = restate.service({
  name: 'bench',
  handlers: {
    chain: async (context) => {
      let sum = 0;
      for (let index = 0; index < Number(steps); index++) sum += await context.run(`step ${index}`, () => index);
      return sum;
    },
  },
});

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The binary itself, so that stopping it stops the server; it lies in a package for this platform. */
function serverBinary() {
  const wrapper = createRequire(require.resolve('@restatedev/restate-server/package.json'));
  return wrapper.resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`);
}

async function until(attempt) {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await attempt().catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('Restate did not become ready within ten seconds.');
}

async function main() {
  const [ingress, admin, node, service] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const server = spawn(serverBinary(), ['--base-dir', directory], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LOG_FILTER: 'error',
    },
  });
  process.once('SIGTERM', () => {
    server.once('exit', () => process.exit(0));
    server.kill('SIGKILL');
  });
  createHttp2Server(restate.createEndpointHandler({ services: [bench] })).listen(service, '127.0.0.1');
  const deployment = JSON.stringify({ uri: `http://127.0.0.1:${service}` });
  const headers = { 'content-type': 'application/json' };
  await until(() => fetch(`http://127.0.0.1:${admin}/deployments`, { method: 'POST', headers, body: deployment }));
  const url = `http://127.0.0.1:${ingress}/bench/chain`;
  await until(() => fetch(url, { method: 'POST' }));
  process.stdout.write(`${url}\n`);
}

void main();
