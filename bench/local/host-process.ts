/** The compiled `hai-host` in a process of its own, with the benchmarks' app and its state on disk. */
import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { join, resolve } from 'node:path';

const HAI_HOST = join(__dirname, '..', '..', 'local', 'bin', 'hai-host.js');

/** The sources, not the compiled folder: host.json and package.json are only there. Benchmarks are run from the repository's root. */
const APP = resolve('bench', 'local', 'app');

export interface HostProcess {
  pid: number;
  /** From the start of the process to the first answer that it gives. */
  readyMs: number;
  /** Sends JSON to a path below the Durable HTTP API and returns the answer. */
  durable(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Runs an orchestration to its end. */
  run(orchestrator: string, input: unknown): Promise<unknown>;
  rssMb(): Promise<number>;
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
}

export async function startHostProcess(dataDirectory: string): Promise<HostProcess> {
  const startMs = performance.now();
  const child = spawn(process.execPath, ['--no-warnings', HAI_HOST, APP, '--port', '0', '--data', dataDirectory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await firstLine(child);
  const agent = new Agent({ keepAlive: true, maxSockets: 128 });
  const durable = (method: string, path: string, body?: unknown) =>
    call(agent, method, `${url}/runtime/webhooks/durabletask/${path}`, body);
  await durable('GET', 'instances/?top=1');
  const readyMs = performance.now() - startMs;
  return {
    pid: child.pid!,
    readyMs,
    durable,
    run: (orchestrator, input) => durable('POST', `orchestrators/${orchestrator}?timeout=120`, input),
    rssMb: async () => ((await call(agent, 'GET', `${url}/api/memory`)) as { rssMb: number }).rssMb,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: async () => {
      agent.destroy();
      const exited = new Promise((resolved) => child.once('exit', resolved));
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolved, reject) => {
    child.stdout!.once('data', (chunk: Buffer) => resolved(chunk.toString().split('\n')[0]!));
    child.once('exit', (code) => reject(new Error(`hai-host ended with code ${code}.`)));
  });
}

/** Rejects for a status of 300 and more. */
function call(agent: Agent, method: string, url: string, body?: unknown): Promise<unknown> {
  return new Promise((resolved, reject) => {
    const outgoing = request(url, { method, agent, headers: { 'content-type': 'application/json' } }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (incoming.statusCode! >= 300) reject(new Error(`${method} ${url}: ${incoming.statusCode} ${text}`));
        else resolved(text ? JSON.parse(text) : undefined);
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
