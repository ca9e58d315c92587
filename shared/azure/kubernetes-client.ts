/**
 * The way to a cluster's API server: its address and authority, which Resource Manager hands out, a token of the app's identity, and one agent
 * for all connections. Objects go in and out as they are on the wire, since the client's own types drop what a newer cluster adds.
 */
import type {
  Cluster,
  CoreV1Api,
  CustomObjectsApi,
  ObservableMiddleware,
  RequestContext,
} from '@kubernetes/client-node';
import { systemClock } from '../kit/clock.js';
import { parseObject, UnreadableAnswer } from './readable.js';

type Sdk = typeof import('@kubernetes/client-node');
type Dispatcher = ReturnType<RequestContext['getDispatcher']>;

/** A cluster that was made anew has another authority and another address; within this time they are noticed without a failure. */
const FILE_AGE_MAX_MS = 10 * 60_000;

/** What a failed connection says when the address or the authority is no longer that of the cluster. */
const WRONG_CLUSTER = /CERT|TLS|SSL|SIGNATURE|ENOTFOUND/;

export interface ClusterCredentials {
  /** The kubeconfig. */
  readFile(signal: AbortSignal): Promise<string>;
  readToken(signal: AbortSignal): Promise<string>;
}

/** What an API's functions take as their last argument. */
export interface ExchangeOptions {
  middleware: ObservableMiddleware[];
  middlewareMergeStrategy: 'append';
}

export interface Apis {
  core: CoreV1Api;
  custom: CustomObjectsApi;
}

export type KubernetesObject = Record<string, unknown>;

interface Access extends Apis {
  sdk: Sdk;
  /** The client makes an agent for every call; the first is kept for all. */
  dispatcher?: Dispatcher;
}

export function clusterClient({ readFile, readToken }: ClusterCredentials) {
  let kept: Promise<Access> | undefined;
  let keptMs = 0;

  function open(signal: AbortSignal): Promise<Access> {
    if (!kept || systemClock.now() - keptMs > FILE_AGE_MAX_MS) {
      const opening = connect(signal);
      kept = opening;
      keptMs = systemClock.now();
      opening.catch(() => forget(opening));
    }
    return kept;
  }

  async function connect(signal: AbortSignal): Promise<Access> {
    const [sdk, text] = await Promise.all([import('@kubernetes/client-node'), readFile(signal)]);
    const config = new sdk.KubeConfig();
    config.loadFromClusterAndUser(clusterIn(sdk, text), { name: 'hai' });
    return {
      sdk,
      core: config.makeApiClient(sdk.CoreV1Api),
      custom: config.makeApiClient(sdk.CustomObjectsApi),
    };
  }

  function forget(access: Promise<Access>): void {
    if (kept === access) kept = undefined;
  }

  return {
    /** Sends one request, with `body` as it is in place of what the client makes of it, and answers what came. */
    async exchange(
      signal: AbortSignal,
      call: (apis: Apis, options: ExchangeOptions) => Promise<unknown>,
      body?: object,
    ): Promise<KubernetesObject> {
      const opening = open(signal);
      const access = await opening;
      const token = await readToken(signal);
      const seen: { answer?: KubernetesObject } = {};
      try {
        await call(access, {
          middleware: [onTheWire(access, { signal, token, body, seen })],
          middlewareMergeStrategy: 'append',
        });
      } catch (error) {
        if (WRONG_CLUSTER.test(networkCode(error))) forget(opening);
        throw error;
      }
      return seen.answer ?? {};
    },
  };
}

function clusterIn(sdk: Sdk, text: string): Cluster {
  const file = new sdk.KubeConfig();
  try {
    file.loadFromString(text);
  } catch {
    throw new UnreadableAnswer(200);
  }
  const cluster = file.getCurrentCluster();
  if (!cluster) throw new UnreadableAnswer(200);
  return cluster;
}

interface Wire {
  signal: AbortSignal;
  token: string;
  body?: object;
  seen: { answer?: KubernetesObject };
}

function onTheWire(access: Access, { signal, token, body, seen }: Wire): ObservableMiddleware {
  const { Observable } = access.sdk;
  return {
    pre(request) {
      access.dispatcher ??= request.getDispatcher();
      if (access.dispatcher) request.setDispatcher(access.dispatcher);
      request.setSignal(signal);
      request.setHeaderParam('Authorization', `Bearer ${token}`);
      if (body) request.setBody(JSON.stringify(body));
      return new Observable(Promise.resolve(request));
    },
    post: (response) =>
      new Observable(
        response.body.text().then((text) => {
          const { httpStatusCode: status } = response;
          seen.answer = parseObject(text);
          if (status >= 200 && status <= 299 && typeof seen.answer?.['kind'] !== 'string')
            throw new UnreadableAnswer(status);
          response.body = { ...response.body, text: () => Promise.resolve(text) };
          return response;
        }),
      ),
  };
}

function networkCode(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  return [code, cause?.code].filter((one) => typeof one === 'string').join(' ');
}
