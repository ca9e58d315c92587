/** Transfers between two accounts under entity locks: no other orchestration sees, or changes, what is in between. */
import * as df from 'durable-functions';

df.app.entity('account', (context) => {
  const balance = context.df.getState(() => 0) as number;
  if (context.df.operationName === 'get') return context.df.return(balance);
  const next = balance + (context.df.getInput<number>() ?? 0);
  context.df.setState(next);
  context.df.return(next);
});

interface Transfer {
  from: string;
  to: string;
  amount: number;
}

df.app.activity('pause', { handler: () => undefined });

/** Reads, waits, then writes: without the lock, transfers at the same time would lose money. */
df.app.orchestration('transfer', function* (context) {
  const { from, to, amount } = context.df.getInput<Transfer>()!;
  const source = new df.EntityId('account', from);
  const target = new df.EntityId('account', to);
  const lock: df.DurableLock = yield context.df.lock(source, target);
  try {
    const balance: number = yield context.df.callEntity(source, 'get');
    yield context.df.callActivity('pause');
    if (balance < amount) return 'refused';
    yield context.df.callEntity(source, 'add', -amount);
    yield context.df.callEntity(target, 'add', amount);
    return context.df.isLocked().ownedLocks.map((entity) => entity.key);
  } finally {
    lock.release();
  }
});

/** Takes a lock and ends, or begins anew, without giving it back. */
df.app.orchestration('forgetful', function* (context) {
  const how = context.df.getInput<string>();
  if (how === 'begun anew') return yield context.df.waitForExternalEvent('go');
  yield context.df.lock(new df.EntityId('account', 'held'), new df.EntityId('account', 'held too'));
  if (how === 'throw') throw new Error('with the lock held');
  if (how === 'again') context.df.continueAsNew('begun anew');
  if (how === 'wait') yield context.df.waitForExternalEvent('go');
  return undefined;
});
