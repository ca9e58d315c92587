/** HTTP functions whose bodies are streams, both ways. */
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { app } from '@azure/functions';

app.setup({ enableHttpStream: true });

async function* count(to: number, pauseMs: number): AsyncGenerator<string> {
  for (let number = 1; number <= to; number++) {
    yield `${number} `;
    await sleep(pauseMs);
  }
}

app.http('count', {
  route: 'count/{to:int}',
  methods: ['GET'],
  handler: (request) => ({
    headers: { 'content-type': 'text/plain', 'x-page': request.query.get('page') ?? 'none' },
    body: Readable.from(count(Number(request.params['to']), Number(request.query.get('pause') ?? 50))),
  }),
});

app.http('upload', {
  methods: ['POST'],
  handler: async (request) => {
    let bytes = 0;
    for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.length;
    return { status: 201, jsonBody: { bytes, type: request.headers.get('content-type') } };
  },
});

app.http('nothing', { methods: ['GET'], handler: () => undefined as never });
app.http('throws', {
  methods: ['GET'],
  handler: () => {
    throw new Error('before the response');
  },
});
app.http('breaks', {
  methods: ['GET'],
  handler: () => ({
    body: Readable.from(
      (async function* () {
        yield 'a beginning';
        await sleep(20);
        throw new Error('in the middle of the response');
      })(),
    ),
  }),
});
