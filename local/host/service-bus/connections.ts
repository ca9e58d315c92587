/**
 * Connections to Service Bus through the real SDK, one client for each `connection` setting: a connection string, or
 * `<setting>__fullyQualifiedNamespace` with the identity of the app. The SDKs load only if an app uses them.
 * Reference: https://learn.microsoft.com/azure/azure-functions/functions-bindings-service-bus-trigger#connections
 */
import type { ServiceBusClient, ServiceBusSender } from '@azure/service-bus';
import { readConnectionSetting } from '../environment.js';

/** Setting that a binding without `connection` means. */
const DEFAULT_SETTING = 'AzureWebJobsServiceBus';

/** First pause before a lost connection is tried again, as in the genuine extension; the JavaScript SDK's own is half a minute. */
const CLIENT_OPTIONS = { retryOptions: { retryDelayInMs: 800 } };

export class ServiceBusConnections {
  readonly #clients = new Map<string, ServiceBusClient>();
  readonly #senders = new Map<string, ServiceBusSender>();

  /** Throws when the setting is missing. */
  client(setting = DEFAULT_SETTING): ServiceBusClient {
    const client = this.#clients.get(setting) ?? connect(setting);
    this.#clients.set(setting, client);
    return client;
  }

  sender(setting: string | undefined, entity: string): ServiceBusSender {
    const key = `${setting ?? DEFAULT_SETTING} ${entity}`;
    const sender = this.#senders.get(key) ?? this.client(setting).createSender(entity);
    this.#senders.set(key, sender);
    return sender;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}

function connect(setting: string): ServiceBusClient {
  const { ServiceBusClient: Client } = require('@azure/service-bus') as typeof import('@azure/service-bus');
  const connectionString = readConnectionSetting(setting);
  if (connectionString) return new Client(connectionString, CLIENT_OPTIONS);
  const namespace = readConnectionSetting(`${setting}__fullyQualifiedNamespace`);
  if (!namespace)
    throw new Error(
      `Set "${setting}" to a connection string, or "${setting}__fullyQualifiedNamespace" to a namespace.`,
    );
  const { DefaultAzureCredential } = require('@azure/identity') as typeof import('@azure/identity');
  const managedIdentityClientId = readConnectionSetting(`${setting}__clientId`);
  return new Client(namespace, new DefaultAzureCredential({ managedIdentityClientId }), CLIENT_OPTIONS);
}
