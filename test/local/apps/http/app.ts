/** HTTP functions with every kind of route, hooks and log lines. */
import { app, type HttpRequest, type InvocationContext } from '@azure/functions';

export const hookCalls: string[] = [];

const show = async (request: HttpRequest, context: InvocationContext) => ({
  jsonBody: {
    function: context.functionName,
    params: request.params,
    query: [...request.query],
    body: await request.text(),
    header: request.headers.get('x-test'),
    traceParent: context.traceContext?.traceParent,
  },
});

app.http('items', { methods: ['GET', 'PUT', 'DELETE'], route: 'items/{id}', handler: show });
app.http('newest', { route: 'items/newest', handler: show });
app.http('numbered', { route: 'items/{number:int}', methods: ['GET'], handler: show });
app.http('optional', { route: 'optional/{first}/{second?}', handler: show });
app.http('files', { route: 'files/{*rest}', handler: show });
app.http('plain', { handler: show });
app.http('disabled', { route: '%DISABLED_ROUTE%', handler: show });
app.http('nothing', { handler: () => undefined as never });
app.http('throws', {
  handler: () => {
    throw new Error('a secret reason');
  },
});
app.http('bytes', {
  handler: () => ({ body: Buffer.from([0, 255, 1]), headers: { 'content-type': 'application/octet-stream' } }),
});
app.http('cookies', {
  handler: () => ({
    status: 201,
    cookies: [
      { name: 'a', value: '1 2', path: '/', httpOnly: true, sameSite: 'Strict' },
      { name: 'b', value: '2', maxAge: 5, secure: true },
    ],
  }),
});
app.http('logs', {
  route: '%LOG_ROUTE%',
  handler: (_request, context) => {
    context.warn('a line from the app');
    return { status: 200 };
  },
});

app.hook.preInvocation((context) => {
  hookCalls.push(`pre ${context.invocationContext.functionName}`);
  context.hookData['seen'] = true;
});
app.hook.postInvocation((context) => {
  hookCalls.push(
    `post ${context.invocationContext.functionName} ${context.hookData['seen']} ${context.error ? 'failed' : 'ok'}`,
  );
});
app.hook.appStart(() => {
  hookCalls.push('start');
});
app.hook.appTerminate(() => {
  hookCalls.push('terminate');
});
