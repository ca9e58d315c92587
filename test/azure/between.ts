/** Something that stands between an adapter and a service of the world, and changes the answers: a proxy, a portal, another release. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLS } from '../local/azure-fixture.js';

export interface Given {
  status: number;
  headers: Record<string, string>;
  text: string;
}

export type Change = (method: string, answer: Given) => Given | Promise<Given>;

/** Headers that are about one connection, or about a body that may be another by now. */
const OF_THE_CONNECTION = /^(content-length|connection|keep-alive|transfer-encoding|host)$/;

const servers: Server[] = [];

/** Its address. It ends after the test. */
export async function between(target: string, change: Change): Promise<string> {
  const server = createServer({ key: TLS.key, cert: TLS.cert }, (request, response) => {
    void pass(request, response);
  });
  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method,
      headers: passedOn(Object.entries(request.headers) as [string, string][]),
      body: chunks.length > 0 ? Buffer.concat(chunks) : undefined,
    });
    const headers = passedOn(answer.headers);
    const given = await change(request.method ?? '', { status: answer.status, headers, text: await answer.text() });
    response.writeHead(given.status, given.headers);
    response.end(given.text);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const passedOn = (headers: Iterable<[string, string]>): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => !OF_THE_CONNECTION.test(name)));

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});
