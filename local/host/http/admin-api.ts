/**
 * The admin addresses that tools and people use: host status, the list of functions, and firing one that HTTP can't reach.
 * Reference: https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
 */
import type { AppFunction } from '../app-functions.js';
import { hostVersion } from '../core-module.js';
import type { InFlight } from '../in-flight.js';
import { type HostReply, type HostRequest, jsonReply, textReply } from './reply.js';

export const ADMIN_PATH = '/admin';

export interface AdminDependencies {
  functions: AppFunction[];
  /** Path template of an HTTP function. */
  routeOf: (fn: AppFunction) => string;
  /** Starts a function with the given input; undefined if its trigger can't be fired by hand. */
  fire: (fn: AppFunction, input: string) => (() => Promise<void>) | undefined;
  /** Takes no more work from timers, Service Bus and Durable. */
  drain: () => void;
  isDraining: () => boolean;
  inFlight: InFlight;
}

export class AdminApi {
  constructor(private readonly deps: AdminDependencies) {}

  async answer(request: HostRequest): Promise<HostReply> {
    const [area, name, detail] = request.url.pathname
      .slice(ADMIN_PATH.length)
      .split('/')
      .filter(Boolean)
      .map(decodeURIComponent);
    const { method } = request;
    if (area?.toLowerCase() === 'host')
      return this.#host(method, [name, detail].filter(Boolean).join('/').toLowerCase());
    if (area?.toLowerCase() !== 'functions') return { status: 404 };
    if (method === 'GET' && !name)
      return jsonReply(
        200,
        this.deps.functions.map((fn) => this.#describe(fn, request.url.origin)),
      );
    const fn = this.deps.functions.find((candidate) => candidate.name.toLowerCase() === name?.toLowerCase());
    if (!fn) return textReply(404, `There is no function "${name}".`);
    // What fails to load keeps the host from starting, so a function that is here has no errors.
    if (method === 'GET' && detail?.toLowerCase() === 'status') return jsonReply(200, {});
    if (method === 'GET') return jsonReply(200, this.#describe(fn, request.url.origin));
    return method === 'POST' ? this.#fire(fn, request) : { status: 405 };
  }

  #host(method: string, operation: string): HostReply {
    switch (`${method} ${operation}`) {
      case 'GET status':
        return this.#status();
      case 'GET ping':
      case 'POST ping':
        return { status: 200 };
      case 'POST drain':
        this.deps.drain();
        return { status: 202 };
      case 'GET drain/status':
        return jsonReply(200, this.#drainStatus());
      default:
        return { status: 404 };
    }
  }

  #drainStatus() {
    const { inFlight, isDraining } = this.deps;
    const underWay = inFlight.isIdle ? 'Completed' : 'InProgress';
    return {
      state: isDraining() ? underWay : 'Disabled',
      outstandingRetries: 0,
      outstandingInvocations: inFlight.count,
    };
  }

  #status(): HostReply {
    const processUptime = Math.round(process.uptime() * 1000);
    return jsonReply(200, {
      id: 'embedded',
      state: 'Running',
      version: hostVersion,
      versionDetails: 'embedded host',
      processUptime,
    });
  }

  #describe(fn: AppFunction, origin: string) {
    const isHttp = fn.trigger.type === 'httpTrigger';
    const bindings = Object.entries(fn.metadata.bindings).map(([name, binding]) => ({ ...binding, name }));
    return {
      name: fn.name,
      href: `${origin}${ADMIN_PATH}/functions/${fn.name}`,
      invoke_url_template: isHttp ? `${origin}/${this.deps.routeOf(fn)}` : null,
      language: 'node',
      isDisabled: fn.disabled,
      config: { name: fn.name, bindings },
    };
  }

  #fire(fn: AppFunction, request: HostRequest): HostReply {
    let input: unknown;
    try {
      input = (JSON.parse(request.body.toString('utf8') || '{}') as { input?: unknown }).input;
    } catch {
      return textReply(400, 'The body must be JSON: {"input": "…"}.');
    }
    const text = typeof input === 'string' ? input : JSON.stringify(input ?? '');
    const run = fn.disabled ? undefined : this.deps.fire(fn, text);
    if (!run)
      return textReply(400, `"${fn.name}" can't be fired by hand: only enabled timer and Service Bus functions can.`);
    run().catch(() => {}); // Logged by the invoker; the caller has been told 202 already.
    return { status: 202 };
  }
}
