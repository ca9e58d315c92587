// Asks hai for a team on behalf of a ticket: node send.cjs INC0012345 team-alpha.yaml
const { readFileSync } = require('node:fs');
const { connect } = require('./connect.cjs');

async function send(bus, ticket, document) {
  const sender = bus.createSender('access-requests');
  await sender.sendMessages({
    body: Buffer.from(document), // the document as it is, YAML or JSON
    contentType: 'application/yaml',
    messageId: ticket, // what is sent twice under one id is one request
    applicationProperties: { ticket }, // comes back with every answer
  });
  await sender.close();
}

module.exports = { send };

if (require.main === module) {
  const bus = connect();
  send(bus, process.argv[2], readFileSync(process.argv[3])).then(() => bus.close(), console.error);
}
