/** Gives use cases the log of the invocation that they run in, so that lines carry its ids. */
import type { InvocationContext } from '@azure/functions';
import type { Services } from '../shared/application/services.js';

export const withLog = <All extends Services>(services: All, context: InvocationContext): All => ({
  ...services,
  log: (level, line) => {
    if (level === 'error') context.error(line);
    else if (level === 'warn') context.warn(line);
    else context.log(line);
  },
});
