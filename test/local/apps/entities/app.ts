/** A counter that other functions call, signal and read. */
import * as df from 'durable-functions';

df.app.orchestration('count', function* (context) {
  const counter = new df.EntityId('counter', context.df.instanceId);
  context.df.signalEntity(counter, 'add', 40);
  return yield context.df.callEntity(counter, 'add', 2);
});

df.app.orchestration('askBrokenEntity', function* (context) {
  yield context.df.callEntity(new df.EntityId('counter', 'broken'), 'fail');
});

df.app.entity('counter', (context) => {
  const state = (context.df.getState(() => 0) as number | undefined) ?? 0;
  if (context.df.operationName === 'fail') throw new Error('broken');
  if (context.df.operationName === 'delete') return context.df.destructOnExit();
  const next = state + (context.df.getInput<number>() ?? 0);
  context.df.setState(next);
  context.df.return(next);
});
