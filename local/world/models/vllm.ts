/**
 * A vLLM server that serves one model under one name and asks for no key, as KAITO starts it. Shapes: docs.vllm.ai,
 * "OpenAI-Compatible Server".
 */
import type { Clock } from '../../clock.js';
import type { NetworkRequest, NetworkResponse } from '../gateway/contract.js';
import { answerChat, chunks, hasMessages, jsonAnswer, readChatRequest } from './chat.js';

const METHODS: Record<string, string> = { '/health': 'GET', '/v1/models': 'GET', '/v1/chat/completions': 'POST' };

export function answerAsVllm(request: NetworkRequest, servedName: string, clock: Clock): NetworkResponse {
  const { pathname } = new URL(request.url);
  if (!Object.hasOwn(METHODS, pathname)) return jsonAnswer(404, { detail: 'Not Found' });
  if (METHODS[pathname] !== request.method.toUpperCase()) return jsonAnswer(405, { detail: 'Method Not Allowed' });
  if (pathname === '/health') return { status: 200, headers: {}, body: chunks([]) };
  if (pathname === '/v1/models') return jsonAnswer(200, modelList(servedName, clock));
  return chat(request, servedName, clock);
}

function modelList(servedName: string, clock: Clock) {
  const created = Math.floor(clock.now() / 1_000);
  const model = { id: servedName, object: 'model', created, owned_by: 'vllm', root: servedName, parent: null };
  return { object: 'list', data: [model] };
}

function chat(request: NetworkRequest, servedName: string, clock: Clock): NetworkResponse {
  const chatRequest = readChatRequest(request.body);
  if (!chatRequest) return refusal(400, 'BadRequestError', 'The request body is not a JSON object.', null);
  if (!hasMessages(chatRequest)) return refusal(400, 'BadRequestError', "Field required: 'messages'", 'messages');
  // A request without a model gets the one that is served.
  if (chatRequest.model !== undefined && chatRequest.model !== null && chatRequest.model !== servedName) {
    return refusal(404, 'NotFoundError', `The model \`${String(chatRequest.model)}\` does not exist.`, 'model');
  }
  return answerChat(chatRequest, servedName, clock);
}

function refusal(status: number, type: string, message: string, param: string | null): NetworkResponse {
  return jsonAnswer(status, { error: { message, type, param, code: status } });
}
