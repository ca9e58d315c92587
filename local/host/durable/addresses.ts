/** Addresses of the Durable HTTP API: what a client is handed as its binding, and what a status reply links to. */
import type { TypedData } from '../typed-data.js';

export const WEBHOOK_PATH = '/runtime/webhooks/durabletask';

/** Replaced by the library, so they must be spelled exactly so. */
const PLACEHOLDERS = {
  instance: 'INSTANCEID',
  event: '{eventName}',
  reason: '{text}',
  creation: '{functionName}[/{instanceId}]',
};

export class DurableAddresses {
  readonly #baseUrl: string;
  readonly #query: string;

  /** @param origin such as `http://localhost:7071` */
  constructor(
    private readonly origin: string,
    private readonly hubName: string,
  ) {
    this.#baseUrl = `${origin}${WEBHOOK_PATH}`;
    this.#query = `taskHub=${encodeURIComponent(hubName)}&connection=Storage`;
  }

  /** Value of a `durableClient` input binding. */
  clientBinding(): TypedData {
    const creation = `${this.#baseUrl}/orchestrators/${PLACEHOLDERS.creation}?${this.#query}`;
    const { id, ...urls } = this.management(PLACEHOLDERS.instance);
    return {
      string: JSON.stringify({
        taskHubName: this.hubName,
        creationUrls: {
          createNewInstancePostUri: creation,
          createAndWaitOnNewInstancePostUri: `${creation}&timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}`,
        },
        managementUrls: { id, ...urls },
        baseUrl: this.#baseUrl,
        requiredQueryStringParameters: this.#query,
        rpcBaseUrl: `${this.#baseUrl}/`,
      }),
    };
  }

  /** Links for one instance, as in the reply to a start. */
  management(id: string, origin = this.origin) {
    const instance = `${origin}${WEBHOOK_PATH}/instances/${id}`;
    const link = (operation: string) => `${instance}/${operation}?reason=${PLACEHOLDERS.reason}&${this.#query}`;
    return {
      id,
      statusQueryGetUri: `${instance}?${this.#query}`,
      sendEventPostUri: `${instance}/raiseEvent/${PLACEHOLDERS.event}?${this.#query}`,
      terminatePostUri: link('terminate'),
      rewindPostUri: link('rewind'),
      purgeHistoryDeleteUri: `${instance}?${this.#query}`,
      restartPostUri: `${instance}/restart?${this.#query}`,
      suspendPostUri: link('suspend'),
      resumePostUri: link('resume'),
    };
  }
}
