/** The three forms of an answer's body: a value that is sent as JSON, bytes, or a stream of them. */

export function isStream(body: unknown): body is AsyncIterable<Buffer> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

/** The bytes as they would be sent. A stream has its effects while it is read. */
export async function readWhole(body: unknown): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  if (!isStream(body)) return Buffer.from(JSON.stringify(body));
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
