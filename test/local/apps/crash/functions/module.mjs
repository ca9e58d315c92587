/** An ES module with a top-level await among the app's functions. */
import { app } from '@azure/functions';

const body = await Promise.resolve('an ES module');

app.http('module', { handler: () => ({ body }) });
