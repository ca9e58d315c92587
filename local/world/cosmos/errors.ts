/**
 * The one error that becomes an HTTP answer: its status decides the `code` name that Cosmos DB clients see in the
 * body.
 */

/**
 * Names that the service puts in `code` of an error body.
 * https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb
 */
const CODE_NAMES: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Gone',
  412: 'PreconditionFailed',
  413: 'RequestEntityTooLarge',
  429: 'TooManyRequests',
  449: 'RetryWith',
  500: 'InternalServerError',
  503: 'ServiceUnavailable',
};

export class CosmosError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly details: { substatus?: number; retryAfterMs?: number } = {},
  ) {
    super(message);
    this.name = 'CosmosError';
  }

  /** The `code` of the error body, such as `NotFound`. */
  get code(): string {
    return CODE_NAMES[this.status] ?? `Status${this.status}`;
  }
}

export const badRequest = (message: string) => new CosmosError(400, message);
export const notFound = (what: string) => new CosmosError(404, `${what} does not exist in the system.`);
export const conflict = (message: string) => new CosmosError(409, message);
export const preconditionFailed = () =>
  new CosmosError(412, 'Operation cannot be performed because one of the specified precondition is not met.');
export const tooLarge = (message: string) => new CosmosError(413, message);
