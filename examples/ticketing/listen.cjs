// Writes hai's answers into tickets: node listen.cjs
const { connect } = require('./connect.cjs');

const isEnd = (type) => /\.(ready|failed|canceled|rejected)\.v1$/.test(type);

function listen(bus, onAnswer) {
  const receiver = bus.createReceiver('access-events', 'tickets');
  const processMessage = async ({ body: { id, type, ticket, data } }) => {
    const { problem } = data; // of what failed or was rejected: what, where, what to do
    const text = problem ? [problem.detail, problem.nextStep].filter(Boolean).join(' ') : JSON.stringify(data);
    await onAnswer({ id, ticket, word: type.split('.').at(-2), text, closes: isEnd(type) });
  };
  // What onAnswer throws for comes again, ten times; then the dead letters keep it.
  receiver.subscribe({ processMessage, processError: async ({ error }) => console.error(error.message) });
  return receiver;
}

module.exports = { listen };

if (require.main === module) listen(connect(), async (answer) => console.log(answer));
