// The namespace, by identity; a connection string is for the embedded platform and emulators only.
const { DefaultAzureCredential } = require('@azure/identity');
const { ServiceBusClient } = require('@azure/service-bus');

const connect = ({ SERVICE_BUS_CONNECTION: text, SERVICE_BUS_NAMESPACE: name } = process.env) =>
  text ? new ServiceBusClient(text) : new ServiceBusClient(name, new DefaultAzureCredential());

module.exports = { connect };
