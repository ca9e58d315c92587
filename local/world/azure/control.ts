/**
 * The simulator's own door, for tests and demonstrations: faults, counts, what is left, and a token of anyone in the directory. Nothing of it
 * exists in Azure.
 */
import { z } from 'zod';
import { type Azure, findPrincipal } from './azure.js';
import { type FaultList, faultSchema } from './faults.js';
import type { Answer, Request, Service } from './http.js';
import type { Recorder } from './recorder.js';

const tokenBody = z.strictObject({ objectId: z.string(), resource: z.string() });

export interface ControlOptions {
  azure: Azure;
  faults: FaultList;
  recorder: Recorder;
  inventory(): string[];
}

export function controlService(options: ControlOptions): Service {
  const refuse = (status: number, code: string, message: string): Answer => ({
    status,
    body: { error: { code, message } },
  });
  return {
    name: 'control',
    refuse,
    answer(request) {
      try {
        return (
          route(options, request) ?? refuse(404, 'NotFound', `Nothing stands at ${request.method} ${request.path}.`)
        );
      } catch (error) {
        if (error instanceof z.ZodError) return refuse(400, 'Invalid', z.prettifyError(error));
        if (error instanceof SyntaxError) return refuse(400, 'Invalid', `The body is not JSON: ${error.message}`);
        throw error;
      }
    },
  };
}

function route({ azure, faults, inventory, recorder }: ControlOptions, request: Request): Answer | undefined {
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

function json({ body }: Request): unknown {
  return JSON.parse(body.toString('utf8'));
}
