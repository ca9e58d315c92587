/**
 * The OpenAI endpoint of a Foundry account with local authentication off: only a bearer token opens it, and a key that
 * a gateway forgot to remove is refused, so that a test notices.
 */
import type { Clock } from '../../clock.js';
import type { NetworkRequest, NetworkResponse } from '../gateway/contract.js';
import { answerChat, hasMessages, jsonAnswer, readChatRequest } from './chat.js';

export interface Deployment {
  name: string;
  model: string;
  version: string;
}

/** `deployments` are those of the account that the host name belongs to. Header names of `request` are lower case. */
export function answerAsFoundry(request: NetworkRequest, deployments: Deployment[], clock: Clock): NetworkResponse {
  const url = new URL(request.url);
  if (request.headers['api-key'] !== undefined || url.searchParams.has('api-key')) {
    return refusal(403, 'AuthenticationTypeDisabled', 'Key based authentication is disabled for this resource.');
  }
  if (!/^Bearer \S+$/i.test(request.headers['authorization'] ?? '')) {
    return refusal(
      401,
      'PermissionDenied',
      'Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired.',
    );
  }
  const route = `${request.method.toUpperCase()} ${url.pathname}`;
  if (route === 'GET /openai/v1/models') return jsonAnswer(200, modelList(deployments));
  if (route === 'POST /openai/v1/chat/completions') return chat(request, deployments, clock);
  return refusal(404, '404', 'Resource not found');
}

function modelList(deployments: Deployment[]) {
  const data = deployments.map(({ name }) => ({ id: name, object: 'model', created: 0, owned_by: 'foundry' }));
  return { object: 'list', data };
}

function chat(request: NetworkRequest, deployments: Deployment[], clock: Clock): NetworkResponse {
  const chatRequest = readChatRequest(request.body);
  if (!chatRequest) return refusal(400, 'invalid_request_error', 'The request body is not a JSON object.');
  if (typeof chatRequest.model !== 'string')
    return refusal(400, 'invalid_request_error', "Missing required parameter: 'model'.", 'model');
  const deployment = deployments.find(({ name }) => name === chatRequest.model);
  if (!deployment) {
    const advice = 'If you created the deployment within the last 5 minutes, please wait a moment and try again.';
    return refusal(404, 'DeploymentNotFound', `The API deployment for this resource does not exist. ${advice}`);
  }
  if (!hasMessages(chatRequest)) {
    return refusal(400, 'invalid_request_error', "Missing required parameter: 'messages'.", 'messages');
  }
  return answerChat(chatRequest, `${deployment.model}-${deployment.version}`, clock);
}

function refusal(status: number, code: string, message: string, param: string | null = null): NetworkResponse {
  return jsonAnswer(status, { error: { code, message, type: status === 400 ? 'invalid_request_error' : null, param } });
}
