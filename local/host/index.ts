/**
 * The embedded Azure Functions host: runs an unmodified `@azure/functions` + `durable-functions` app in this process. This file puts the parts
 * together, and takes them apart again in reverse order.
 */
import { resolve } from 'node:path';
import { type Clock, installWorldDate, runningClock } from '../clock.js';
import { readAppFiles } from './app-files.js';
import { bindFunctions } from './app-functions.js';
import { loadApp } from './app-loader.js';
import { DurableAddresses, WEBHOOK_PATH } from './durable/addresses.js';
import { DurableFunctions } from './durable/context.js';
import { DurableEngine } from './durable/engine.js';
import { DurableHttpApi } from './durable/http-api.js';
import { Instances } from './durable/instances.js';
import { setEnvironment, trustAuthorities } from './environment.js';
import { ADMIN_PATH, AdminApi } from './http/admin-api.js';
import { HttpTriggers } from './http/http-trigger.js';
import { listen } from './http/server.js';
import { startStreaming } from './http/streaming.js';
import { InFlight } from './in-flight.js';
import { Invoker } from './invoker.js';
import { type Log, logProblemsToConsole } from './log.js';
import { registry } from './registry.js';
import { ServiceBusConnections } from './service-bus/connections.js';
import { sendOutput } from './service-bus/service-bus-output.js';
import { Store } from './store.js';
import { Triggers } from './triggers.js';

export interface HostOptions {
  /** Folder with package.json, host.json and maybe local.settings.json. */
  appRoot: string;
  /** World time for timers, cron and `Date`. Default: real time. */
  clock?: Clock;
  /** Default 0: any free port. */
  port?: number;
  /** SQLite file of the host's memory; absent: in memory. */
  dataFile?: string;
  /** Settings that win over everything; set in `process.env` before the app loads. */
  settings?: Record<string, string>;
  /** Certificate authorities to trust besides Node's own. */
  trustedCaPem?: string[];
  /** Loads the app instead of package.json's main, for instance `() => require('…')` in Jest. */
  loadApp?: () => unknown;
  /** Default: warnings and errors to the console. */
  log?: Log;
  /** Real time that a closing host gives to running functions. Default: 10 s. */
  drainLimitMs?: number;
}

export interface Host {
  url: string;
  port: number;
  /** Names of the functions that run. */
  functions: string[];
  /** Stops taking work, lets what runs finish within `drainLimitMs`, and undoes every change to the process. */
  close(): Promise<void>;
}

/** What is cut off after so long is taken up by the next host. */
const DRAIN_LIMIT_MS = 10_000;

/** Starts the host. Rejects, having undone everything, if the app or its settings can't be run. */
export async function startHost(options: HostOptions): Promise<Host> {
  const undo = new UndoStack();
  try {
    const host = await start(options, undo);
    return { ...host, close: () => undo.run() };
  } catch (error) {
    await undo.run();
    throw error;
  }
}

async function start(options: HostOptions, undo: UndoStack): Promise<Omit<Host, 'close'>> {
  const { clock = runningClock(), log = logProblemsToConsole } = options;
  const appRoot = resolve(options.appRoot);
  const files = readAppFiles(appRoot);
  undo.push(installWorldDate(clock));
  if (options.trustedCaPem?.length) undo.push(trustAuthorities(options.trustedCaPem));
  const listener = await listen(options.port ?? 0, log);
  undo.push(() => listener.close());
  undo.push(setEnvironment(settingsFor(files.localSettings, listener.port, options.settings)));
  await loadApp({ appRoot, files, loadApp: options.loadApp });
  registry.locked = true;
  undo.push(() => {
    registry.locked = false;
  });

  const inFlight = new InFlight();
  const store = new Store(options.dataFile);
  undo.push(() => store.close());
  const connections = new ServiceBusConnections();
  undo.push(() => connections.close());
  const url = `http://localhost:${listener.port}`;
  const addresses = new DurableAddresses(`http://127.0.0.1:${listener.port}`, files.host.hubName);
  const invoker = new Invoker({
    registry,
    inFlight,
    log,
    clock,
    timeoutMs: files.host.functionTimeoutMs,
    readInput: (binding) => (/^(durable|orchestration)Client$/.test(binding.type) ? addresses.clientBinding() : {}),
    writeOutput: (binding, data) => sendOutput(connections, binding, data),
  });
  registry.log = (level, category, message) => invoker.log(level, category, message);
  const streaming = await startStreaming(registry.model);
  undo.push(() => streaming.close());

  const functions = bindFunctions(registry);
  const engine = new DurableEngine({
    ...files.host,
    ...{ store, clock, log, invoker, inFlight },
    functions: new DurableFunctions(functions),
  });
  undo.push(() => engine.close());
  const http = new HttpTriggers(functions, {
    ...{ invoker, routePrefix: files.host.routePrefix, settings: files.host.http },
    streamingUri: streaming.uri,
  });
  const triggers = new Triggers(functions, {
    ...{ clock, store, connections, invoker, inFlight, log },
    settings: files.host.serviceBus,
  });
  let closing = false;
  let drain: Promise<void> | undefined;
  /** Begins nothing more: what runs may finish, HTTP functions and clients go on being answered. */
  const stopListening = () => {
    engine.stop();
    drain ??= triggers.stop();
    return drain;
  };
  const admin = new AdminApi({
    ...{ functions, inFlight },
    routeOf: (fn) => http.routeOf(fn),
    fire: (fn, input) => triggers.fire(fn, input),
    drain: () => void stopListening(),
    isDraining: () => drain !== undefined,
  });
  const durable = new DurableHttpApi(new Instances(engine), addresses);

  await registry.runHooks('appStart', { hookData: {} });
  undo.push(() => registry.runHooks('appTerminate', { hookData: {} }));
  undo.push(() => listener.stop());
  undo.push(async () => {
    const { drainLimitMs = DRAIN_LIMIT_MS } = options;
    if (!(await inFlight.drained(drainLimitMs)))
      log('warn', 'Host', `Closed while functions were still running, after waiting ${drainLimitMs} ms.`);
  });
  undo.push(clock.watch('host', () => inFlight.isIdle && engine.isIdle));
  listener.handle(async (exchange) => {
    const path = exchange.head.url.pathname.toLowerCase();
    // While closing, functions that still run may go on using their durable client.
    if (path.startsWith(`${WEBHOOK_PATH}/`)) return durable.answer(await exchange.read());
    if (closing) return { status: 503, headers: { connection: 'close' }, body: 'The host is closing.' };
    if (path.startsWith(`${ADMIN_PATH}/`)) return admin.answer(await exchange.read());
    return inFlight.track(() => http.answer(exchange));
  });
  engine.start();
  undo.push(stopListening);
  triggers.start();
  undo.push(() => {
    closing = true;
  });
  return { url, port: listener.port, functions: functions.filter((fn) => !fn.disabled).map((fn) => fn.name) };
}

/** Existing environment wins over local.settings.json; what the caller gives wins over both. */
function settingsFor(
  local: Record<string, string>,
  port: number,
  given: Record<string, string> = {},
): Record<string, string> {
  const missing = Object.entries(local).filter(([name]) => process.env[name] === undefined);
  return {
    ...Object.fromEntries(missing),
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AZURE_FUNCTIONS_ENVIRONMENT: process.env['AZURE_FUNCTIONS_ENVIRONMENT'] ?? 'Development',
    WEBSITE_HOSTNAME: `localhost:${port}`,
    ...given,
  };
}

/** What has been done, to be undone newest first, once. A step that fails does not keep the others from running. */
class UndoStack {
  readonly #steps: (() => unknown)[] = [];
  #running: Promise<void> | undefined;

  push(step: () => unknown): void {
    this.#steps.push(step);
  }

  run(): Promise<void> {
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async #runAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'The host did not close cleanly.');
  }
}
