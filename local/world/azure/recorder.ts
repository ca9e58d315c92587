/**
 * What was asked of ARM and Kubernetes: every request as a record that schema checkers can read, secrets masked, and counts by method and type
 * for tests.
 */

/** One request, as it was asked for; `path` without query, `apiVersion` for ARM only. */
export interface RecordedRequest {
  method: string;
  path: string;
  apiVersion?: string;
  body?: unknown;
}

/** Counts by `GET Microsoft.ApiManagement/service`, `PATCH kaito.sh/workspaces`, `PUT KeyVault/secrets`. */
export interface RequestCounts {
  count(method: string, type: string): number;
  all(): Record<string, number>;
  reset(): void;
}

/** Property names whose values are secret wherever they stand in a body. */
const SECRET_NAMES = new Set(['primarykey', 'secondarykey', 'password', 'clientsecret', 'connectionstring']);

const MASK = '<masked>';

export class Recorder implements RequestCounts {
  readonly #counts = new Map<string, number>();

  constructor(private readonly record: ((entry: RecordedRequest) => void) | undefined) {}

  countRequest(method: string, type: string): void {
    const name = `${method} ${type}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  add(entry: RecordedRequest): void {
    this.record?.({ ...entry, body: mask(entry.body) });
  }

  count(method: string, type: string): number {
    return this.#counts.get(`${method} ${type}`) ?? 0;
  }

  all(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  reset(): void {
    this.#counts.clear();
  }
}

function mask(value: unknown, secret = false): unknown {
  if (Array.isArray(value)) return value.map((item) => mask(item, secret));
  if (typeof value === 'object' && value !== null) {
    // A named value says itself that its value is secret.
    const isSecretValue = (value as { secret?: unknown }).secret === true;
    const masked = Object.entries(value).map(([name, inner]) => [
      name,
      mask(inner, secret || isSecret(name) || (isSecretValue && name === 'value')),
    ]);
    return Object.fromEntries(masked);
  }
  return secret && typeof value === 'string' ? MASK : value;
}

function isSecret(name: string): boolean {
  return name === 'credentials' || SECRET_NAMES.has(name.toLowerCase());
}
