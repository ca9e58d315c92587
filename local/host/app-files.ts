/**
 * Reads what makes a folder a Functions app: `package.json` (main), `host.json` and `local.settings.json`, so that the same folder also runs
 * with `func start`. Reference: https://learn.microsoft.com/azure/azure-functions/functions-host-json
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

export interface AppFiles {
  /** File or glob of compiled code, relative to the app's folder. */
  main: string | undefined;
  isEsm: boolean;
  host: HostFile;
  /** `Values` of local.settings.json; empty if the file is absent. */
  localSettings: Record<string, string>;
}

/** The settings of host.json that this host obeys, with Azure's defaults filled in. */
export interface HostFile {
  routePrefix: string;
  hubName: string;
  /** Version given to orchestrations that are started without one. */
  defaultVersion: string | undefined;
  maxConcurrentActivityFunctions: number;
  maxConcurrentOrchestratorFunctions: number;
  http: HttpSettings;
  serviceBus: ServiceBusSettings;
  /** Longest run of a function; undefined: unlimited. */
  functionTimeoutMs: number | undefined;
}

export interface HttpSettings {
  /** HTTP functions that run at once; more wait. */
  maxConcurrentRequests: number;
  /** HTTP functions that run or wait; more are refused with 429. */
  maxOutstandingRequests: number;
  /** Added to every reply of an HTTP function. */
  customHeaders: Record<string, string>;
}

export interface ServiceBusSettings {
  maxConcurrentCalls: number;
  maxConcurrentSessions: number;
  maxMessageBatchSize: number;
  autoCompleteMessages: boolean;
  maxAutoLockRenewalMs: number;
  /** A session without a message for so long is given back. */
  sessionIdleMs: number;
}

interface RawHostFile {
  version?: string;
  functionTimeout?: string;
  extensions?: {
    http?: {
      routePrefix?: string;
      maxConcurrentRequests?: number;
      maxOutstandingRequests?: number;
      customHeaders?: Record<string, string>;
    };
    durableTask?: {
      hubName?: string;
      defaultVersion?: string;
      maxConcurrentActivityFunctions?: number;
      maxConcurrentOrchestratorFunctions?: number;
    };
    serviceBus?: {
      maxConcurrentCalls?: number;
      maxConcurrentSessions?: number;
      maxMessageBatchSize?: number;
      autoCompleteMessages?: boolean;
      maxAutoLockRenewalDuration?: string;
      sessionIdleTimeout?: string;
    };
  };
}

export function readAppFiles(appRoot: string): AppFiles {
  const manifest = readJson<{ main?: string; type?: string }>(join(appRoot, 'package.json'));
  if (!manifest) throw new Error(`No package.json in "${appRoot}". Give the folder of a Functions app.`);
  const raw = readJson<RawHostFile>(join(appRoot, 'host.json'));
  if (!raw) throw new Error(`No host.json in "${appRoot}". Add one that holds at least {"version": "2.0"}.`);
  if (raw.version !== '2.0')
    throw new Error(`host.json of "${appRoot}" must say "version": "2.0", not "${raw.version}".`);
  const local = readJson<{ IsEncrypted?: boolean; Values?: Record<string, string> }>(
    join(appRoot, 'local.settings.json'),
  );
  if (local?.IsEncrypted) throw new Error('local.settings.json is encrypted. Run "func settings decrypt" first.');
  return {
    main: manifest.main,
    isEsm: manifest.type === 'module',
    host: fillDefaults(raw),
    localSettings: local?.Values ?? {},
  };
}

/** Defaults: https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-bindings#host-json and functions-bindings-service-bus. */
function fillDefaults(raw: RawHostFile): HostFile {
  const { http, durableTask, serviceBus } = raw.extensions ?? {};
  const perCore = 10 * availableParallelism();
  return {
    routePrefix: (http?.routePrefix ?? 'api').replace(/^\/+|\/+$/g, ''),
    hubName: durableTask?.hubName ?? 'TestHubName',
    defaultVersion: durableTask?.defaultVersion,
    maxConcurrentActivityFunctions: durableTask?.maxConcurrentActivityFunctions ?? perCore,
    maxConcurrentOrchestratorFunctions: durableTask?.maxConcurrentOrchestratorFunctions ?? perCore,
    functionTimeoutMs:
      !raw.functionTimeout || raw.functionTimeout === '-1' ? undefined : parseTimeSpanMs(raw.functionTimeout),
    http: {
      maxConcurrentRequests: unlimited(http?.maxConcurrentRequests),
      maxOutstandingRequests: unlimited(http?.maxOutstandingRequests),
      customHeaders: http?.customHeaders ?? {},
    },
    serviceBus: {
      maxConcurrentCalls: serviceBus?.maxConcurrentCalls ?? 16,
      maxConcurrentSessions: serviceBus?.maxConcurrentSessions ?? 8,
      maxMessageBatchSize: serviceBus?.maxMessageBatchSize ?? 1000,
      sessionIdleMs: parseTimeSpanMs(serviceBus?.sessionIdleTimeout ?? '00:01:00'),
      autoCompleteMessages: serviceBus?.autoCompleteMessages ?? true,
      maxAutoLockRenewalMs: parseTimeSpanMs(serviceBus?.maxAutoLockRenewalDuration ?? '00:05:00'),
    },
  };
}

/** host.json writes -1 for "no limit", which is also the default outside the Consumption plan. */
function unlimited(limit = -1): number {
  return limit < 0 ? Number.POSITIVE_INFINITY : limit;
}

/** Milliseconds of a .NET time span such as `00:05:00` or `1.02:03:04`. */
function parseTimeSpanMs(text: string): number {
  const match = /^(?:(\d+)\.)?(\d+):(\d{2}):(\d{2})$/.exec(text);
  if (!match) throw new Error(`host.json: "${text}" is not a time span like "00:05:00".`);
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

function readJson<T>(path: string): T | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (error) {
    throw new Error(`${path} is not valid JSON: ${(error as Error).message}`);
  }
}
