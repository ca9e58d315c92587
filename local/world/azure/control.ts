/**
 * The simulator's own door, for tests and demonstrations: faults, conflicts, counts, what is left, and a token of anyone in the directory. Nothing of it
 * exists in Azure.
 */
import { z } from 'zod';
import { errorAnswer } from './arm/errors.js';
import { type Azure, findPrincipal } from './azure.js';
import { type FaultList, faultSchema, type NamedFaults } from './faults.js';
import type { Answer, Request, Service } from './http.js';
import { LATENCIES } from './latencies.js';
import type { Recorder } from './recorder.js';

const contentionBody = z.strictObject({ isOn: z.boolean() });

const tokenBody = z.strictObject({ objectId: z.string(), resource: z.string() });

export interface ControlOptions {
  azure: Azure;
  faults: FaultList;
  moreFaults: Record<string, NamedFaults>;
  recorder: Recorder;
  inventory(): string[];
}

export function controlService(options: ControlOptions): Service {
  return {
    name: 'control',
    refuse: errorAnswer,
    answer(request) {
      const { method, path } = request;
      try {
        return route(options, request) ?? errorAnswer(404, 'NotFound', `Nothing stands at ${method} ${path}.`);
      } catch (error) {
        if (error instanceof z.ZodError) return errorAnswer(400, 'Invalid', z.prettifyError(error));
        if (error instanceof SyntaxError) return errorAnswer(400, 'Invalid', `The body is not JSON: ${error.message}`);
        throw error;
      }
    },
  };
}

function route(options: ControlOptions, request: Request): Answer | undefined {
  const { azure, faults, inventory, recorder } = options;
  const [, other = ''] = /^\/faults\/(\w+)$/.exec(request.path) ?? [];
  if (Object.hasOwn(options.moreFaults, other)) return faultsOf(options.moreFaults[other]!, request);
  switch (`${request.method} ${request.path}`) {
    case 'GET /faults':
      return { status: 200, body: { value: faults.list() } };
    case 'POST /faults':
      faults.add(faultSchema.parse(json(request)));
      return { status: 201, body: { value: faults.list() } };
    case 'DELETE /faults':
      faults.clear(request.query.get('name') ?? undefined);
      return { status: 204 };
    case 'GET /requests':
      return { status: 200, body: recorder.all() };
    case 'GET /inventory':
      return { status: 200, body: { value: inventory() } };
    case 'GET /contention':
      return { status: 200, body: { isOn: azure.contention.isOn } };
    case 'PUT /contention':
      azure.contention.isOn = contentionBody.parse(json(request)).isOn;
      return { status: 200, body: { isOn: azure.contention.isOn } };
    case 'GET /latencies':
      return { status: 200, body: LATENCIES };
    case 'POST /tokens': {
      const { objectId, resource } = tokenBody.parse(json(request));
      if (!findPrincipal(azure, objectId)) return undefined;
      const { expiresOn, token } = azure.tokens.issue(objectId, resource);
      return { status: 200, body: { access_token: token, expires_on: String(expiresOn) } };
    }
    default:
      return undefined;
  }
}

/** Another simulator's own: read, or replaced as a whole. */
function faultsOf(faults: NamedFaults, request: Request): Answer | undefined {
  if (request.method !== 'GET' && request.method !== 'PUT') return undefined;
  if (request.method === 'PUT') faults.replace(json(request));
  return { status: 200, body: faults.read() };
}

function json({ body }: Request): unknown {
  return JSON.parse(body.toString('utf8'));
}
