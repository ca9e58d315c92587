/** Starts a Cosmos DB server and the real client against it, with the client's retries off so that no failure hides. */
import { type Container, CosmosClient, type CosmosClientOptions, ErrorResponse } from '@azure/cosmos';
import { explicitClock } from '../../local/clock.js';
import { type ContainerDefinition, type CosmosOptions, startCosmos } from '../../local/world/cosmos/index.js';

export const DATABASE = 'platform';

/** A container that most tests use: partitioned by team, like the ones of a multi-tenant application. */
export const TEAMS: ContainerDefinition = { id: 'teams', partitionKey: { paths: ['/team'] } };

export type Rig = Awaited<ReturnType<typeof startRig>>;

export async function startRig(containers: ContainerDefinition[] = [TEAMS], options: Partial<CosmosOptions> = {}) {
  const clock = explicitClock();
  const server = await startCosmos({ clock, databases: [{ id: DATABASE, containers }], ...options });
  const client = clientOf({ endpoint: server.endpoint, key: server.key });
  const container = (id = TEAMS.id): Container => client.database(DATABASE).container(id);
  const close = async () => {
    client.dispose();
    await server.close();
  };
  return { clock, server, client, container, close };
}

export function clientOf(options: CosmosClientOptions): CosmosClient {
  const retryOptions = { maxRetryAttemptCount: 0, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 0 };
  return new CosmosClient({ ...options, connectionPolicy: { retryOptions, ...options.connectionPolicy } });
}

/** The status of a call that must fail. */
export async function statusOf(call: Promise<unknown>): Promise<number | string | undefined> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ErrorResponse) return error.code;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof ErrorResponse ? cause.code : String(error);
}
