/** Policies about the backend: which one, with whose identity, and the call itself. */
import { type Execution, type Outcome, PolicyFailure, type Statement } from '../execution.js';
import { forwardRequest } from '../forward-request.js';
import { type PolicyElement, PolicyError } from '../policy-reader.js';
import { expectAttributes, expectContent, flag, literal, text, wholeNumber } from './attributes.js';

export function compileSetBackendService(element: PolicyElement): Statement {
  expectAttributes(element, [], ['backend-id', 'base-url']);
  expectContent(element);
  const isById = element.attributes.has('backend-id');
  if (isById === element.attributes.has('base-url')) {
    throw new PolicyError(element, "one of 'backend-id' and 'base-url' must be given.");
  }
  const target = text(element, isById ? 'backend-id' : 'base-url');
  return {
    source: element.name,
    run: (execution) => {
      if (isById) execution.backend = knownBackend(execution, target(execution));
      // Documented: what an inherited policy chose by id, only another id overrides.
      else if (!execution.backend || !('id' in execution.backend)) execution.backend = { baseUrl: target(execution) };
      return 'next';
    },
  };
}

/** That a backend exists is asked for each call, not when the policy is PUT. */
function knownBackend(execution: Execution, id: string): { id: string } {
  if (execution.services.world.backend(id)) return { id };
  throw new PolicyFailure('BackendNotFound', `Backend with id '${id}' could not be found.`);
}

/** Puts a token of the gateway's identity into `Authorization`, or into a variable when one is named. */
export function compileManagedIdentity(element: PolicyElement): Statement {
  expectAttributes(element, ['resource'], ['client-id', 'output-token-variable-name', 'ignore-error']);
  expectContent(element);
  const resource = text(element, 'resource');
  const variable = literal(element, 'output-token-variable-name');
  const ignoresError = flag(element, 'ignore-error', false);
  return {
    source: element.name,
    run: (execution) => {
      const token = identityToken(execution, resource(execution), ignoresError);
      if (token === undefined) return 'next';
      if (variable) execution.variables.set(variable, token);
      else execution.request.headers['authorization'] = `Bearer ${token}`;
      return 'next';
    },
  };
}

function identityToken(execution: Execution, resource: string, ignoresError: boolean): string | undefined {
  try {
    return execution.services.world.identityToken(resource);
  } catch (error) {
    if (ignoresError) return undefined;
    throw new PolicyFailure('ManagedIdentityTokenFailure', `No token for '${resource}': ${(error as Error).message}`);
  }
}

/** Documented default of `forward-request`. */
const TIMEOUT_DEFAULT_SECONDS = 300;

export function compileForwardRequest(element: PolicyElement): Statement {
  expectAttributes(element, [], ['timeout', 'buffer-response']);
  expectContent(element);
  const timeoutSeconds = element.attributes.has('timeout')
    ? wholeNumber(element, 'timeout', 1)
    : () => TIMEOUT_DEFAULT_SECONDS;
  const isBuffered = flag(element, 'buffer-response', true);
  return {
    source: element.name,
    run: async (execution): Promise<Outcome> => {
      await forwardRequest(execution, timeoutSeconds(execution) * 1_000, isBuffered);
      return 'next';
    },
  };
}
