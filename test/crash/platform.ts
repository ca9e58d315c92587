/**
 * World and host as processes of their own on one data folder, as `hai-world` and `hai-host` run them. What a killed one has left in its files is
 * all that the next one knows.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { appSettings } from '../../dev/app-settings.js';
import { ROOT, TOPOLOGY_FILE, WORLD_FILE } from '../../dev/paths.js';
import type { World } from '../../local/world/start.js';

/** A busy machine takes some seconds for what is usually one. */
const START_LIMIT_MS = 30_000;

/**
 * Locks are real time, the hour that a message lives is the world's: at 60 times real time a lock of a minute would outlive its message. The
 * shortest that Service Bus has keeps the two as far apart as they are on Azure.
 */
const LOCK_DURATION = 'PT5S';

interface Running {
  process: ChildProcess;
  exited: Promise<void>;
  isKilled: boolean;
  /** What it has printed once it is up. */
  ready: Promise<string>;
}

export interface Outside {
  controlUrl: string;
  connectionString: string;
  cosmos: { endpoint: string; key: string };
}

export class Platform {
  #world!: Running;
  #host!: Running;
  #environment: Record<string, string> = {};
  #port = 0;
  /** Real milliseconds that the host needed the last time that it came up. */
  startMs = 0;
  /** A process that ended without having been killed. */
  readonly complaints: string[] = [];

  constructor(
    private readonly folder: string,
    private readonly speed: number,
  ) {}

  /** Of the API; the same over restarts. */
  get api(): string {
    return `http://127.0.0.1:${this.#port}/api/v1`;
  }

  /** The world as clients find it; the same over restarts. */
  get outside(): Outside {
    const of = this.#environment;
    return {
      controlUrl: of['CONTROL_URL']!,
      connectionString: of['SERVICE_BUS_CONNECTION']!,
      cosmos: { endpoint: of['COSMOS_ENDPOINT']!, key: of['COSMOS_KEY']! },
    };
  }

  async start(): Promise<void> {
    const text = readFileSync(TOPOLOGY_FILE, 'utf8').replaceAll(
      /"LockDuration": "\w+"/g,
      `"LockDuration": "${LOCK_DURATION}"`,
    );
    writeFileSync(path.join(this.folder, 'topology.json'), text);
    this.#startWorld();
    const printed = await this.#world.ready;
    this.#environment = Object.fromEntries(
      [...printed.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name!, value!]),
    );
    this.#startHost();
    this.#port = Number(new URL((await this.#host.ready).split('\n', 1)[0]!).port);
  }

  /** Resolves when the host answers; the world is up then too. */
  async isUp(): Promise<void> {
    await this.#world.ready;
    await this.#host.ready;
  }

  /** SIGKILL: nobody is told, nothing is closed. The next ones begin at once. */
  async kill(what: 'host' | 'both'): Promise<void> {
    const killed = what === 'both' ? [this.#host, this.#world] : [this.#host];
    for (const one of killed) {
      one.isKilled = true;
      one.process.kill('SIGKILL');
    }
    for (const { exited } of killed) await exited;
    if (what === 'both') this.#startWorld();
    this.#startHost();
  }

  async stop(): Promise<void> {
    for (const one of [this.#host, this.#world]) {
      if (!one) continue;
      one.isKilled = true;
      one.process.kill('SIGKILL');
      await one.exited;
    }
  }

  #startWorld(): void {
    const { folder, speed } = this;
    const files = ['--topology', path.join(folder, 'topology.json'), '--resources', WORLD_FILE];
    const args = [...files, '--data', folder, '--speed', String(speed)];
    this.#world = this.#run('world', args, {}, /^export COSMOS_KEY=.*$/m);
  }

  #startHost(): void {
    const args = [ROOT, '--data', this.folder, '--port', String(this.#port)];
    const began = performance.now();
    this.#host = this.#run('host', args, this.#settings(), /^http:\S+$/m);
    this.#host.ready.then(
      () => {
        this.startMs = performance.now() - began;
      },
      () => {},
    );
  }

  #settings(): Record<string, string> {
    const of = (name: string) => this.#environment[name]!;
    const world = {
      azure: {
        gatewayUrl: of('GATEWAY_URL'),
        vaultUrl: of('KEY_VAULT_URL'),
        armUrl: of('ARM_ENDPOINT'),
        egressProxyUrl: of('EGRESS_PROXY_URL'),
        identityEndpoint: of('IDENTITY_ENDPOINT'),
        identityHeader: of('IDENTITY_HEADER'),
      },
      broker: { connectionString: of('SERVICE_BUS_CONNECTION') },
      cosmos: { endpoint: of('COSMOS_ENDPOINT'), key: of('COSMOS_KEY') },
    };
    return { ...appSettings(world as unknown as World), NODE_EXTRA_CA_CERTS: of('NODE_EXTRA_CA_CERTS') };
  }

  #run(name: 'world' | 'host', args: string[], settings: Record<string, string>, isUp: RegExp): Running {
    const log = openSync(path.join(this.folder, `${name}.log`), 'a');
    const program = path.join(ROOT, 'dist', 'local', 'bin', `hai-${name}.js`);
    const child = spawn(process.execPath, ['--no-warnings', program, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...settings },
      stdio: ['ignore', 'pipe', log],
    });
    closeSync(log);
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const running: Running = { process: child, exited, isKilled: false, ready: isReady(name, child, isUp) };
    child.once('exit', (code, signal) => {
      if (!running.isKilled) this.complaints.push(`the ${name} ended by itself (${signal ?? code})`);
    });
    return running;
  }
}

/** What it has printed once the line that says so is there. */
function isReady(name: string, child: ChildProcess, line: RegExp): Promise<string> {
  const ready = new Promise<string>((resolve, reject) => {
    let printed = '';
    const tooLate = setTimeout(() => reject(new Error(`The ${name} has not started`)), START_LIMIT_MS);
    child.stdout!.on('data', (chunk: Buffer) => {
      printed += chunk.toString('utf8');
      if (!line.test(printed)) return;
      clearTimeout(tooLate);
      resolve(printed);
    });
    child.once('exit', () => {
      clearTimeout(tooLate);
      reject(new Error(`The ${name} ended before it was up`));
    });
  });
  // Nobody waits for one that is killed while it starts.
  ready.catch(() => {});
  return ready;
}
