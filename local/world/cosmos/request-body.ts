/** Reads request bodies as JSON. */
import { badRequest } from './errors.js';
import { isObject, type Json, type JsonObject, parseJson } from './json.js';

export const parseBody = (text: string): Json =>
  parseJson(text, () => badRequest('The request body is not valid JSON.'));

export function requireObject(body: Json): JsonObject {
  if (!isObject(body)) throw badRequest('The request body must be a JSON object.');
  return body;
}
