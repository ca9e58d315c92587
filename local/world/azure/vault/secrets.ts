/**
 * The secrets of the vault: versions, soft deletion, recovery and purge, as the data plane has them. Pure state; the wire is in `service.ts`.
 * https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
 */
import { createHash } from 'node:crypto';
import { resourcesOfType } from '../arm/resources.js';
import type { Azure } from '../azure.js';

export interface SecretVersion {
  version: string;
  value: string;
  contentType?: string;
  tags?: Record<string, string>;
  enabled: boolean;
  createdMs: number;
  updatedMs: number;
  notBefore?: number;
  expires?: number;
}

export interface Secret {
  name: string;
  /** Oldest first; the last one is current. */
  versions: SecretVersion[];
  /** Set from the deletion on; until `deletedShownMs` the deletion is under way. */
  deletedMs?: number;
  deletedShownMs?: number;
}

export class VaultError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly innerCode?: string,
  ) {
    super(message);
  }
}

/** 7 to 90 days, 90 unless the vault says otherwise. */
const RETENTION_DAYS_DEFAULT = 90;

/** https://learn.microsoft.com/azure/key-vault/secrets/about-secrets */
const SECRET_MAX_BYTES = 25 * 1024;

const DAY_MS = 86_400_000;

const PURGE = 'purge-secret';

export class Secrets {
  constructor(private readonly azure: Azure) {
    azure.jobs.on(PURGE, ({ data, subject }) => {
      const secret = this.#stored(subject);
      if (secret?.deletedMs === data['deletedMs']) azure.store.delete('secrets', subject);
    });
  }

  /** Makes a new version. */
  set(
    name: string,
    given: Pick<SecretVersion, 'value' | 'contentType' | 'tags'> & Partial<SecretVersion>,
  ): SecretVersion {
    if (Buffer.byteLength(given.value) > SECRET_MAX_BYTES) {
      throw new VaultError(400, 'BadParameter', `The value of a secret is at most ${SECRET_MAX_BYTES} bytes.`);
    }
    const secret = this.#stored(name) ?? { name, versions: [] };
    this.#refuseDeleted(secret);
    const nowMs = this.azure.clock.now();
    const id = createHash('md5')
      .update(`${name}/${this.azure.store.next('secret-version')}`)
      .digest('hex');
    const version: SecretVersion = { enabled: true, ...given, version: id, createdMs: nowMs, updatedMs: nowMs };
    this.#save({ ...secret, versions: [...secret.versions, version] });
    return version;
  }

  /** The current version, or the one named. A disabled one is not given away. */
  get(name: string, version?: string): SecretVersion {
    const secret = this.find(name);
    const found = version ? secret.versions.find((one) => one.version === version) : secret.versions.at(-1);
    if (!found) throw secretNotFound(name);
    if (!found.enabled) {
      throw new VaultError(403, 'Forbidden', 'Operation get is not allowed on a disabled secret.', 'SecretDisabled');
    }
    return found;
  }

  find(name: string): Secret {
    const secret = this.#stored(name);
    if (!secret || secret.deletedMs !== undefined) throw secretNotFound(name);
    return secret;
  }

  update(name: string, version: string | undefined, change: Partial<SecretVersion>): SecretVersion {
    const secret = this.find(name);
    const wanted = version || secret.versions.at(-1)?.version;
    const found = secret.versions.find((one) => one.version === wanted);
    if (!found) throw secretNotFound(name);
    const updated = { ...found, ...change, updatedMs: this.azure.clock.now() };
    this.#save({ ...secret, versions: secret.versions.map((one) => (one === found ? updated : one)) });
    return updated;
  }

  delete(name: string): Secret {
    const secret = this.find(name);
    const deletedMs = this.azure.clock.now();
    const deletedShownMs = deletedMs + this.azure.latency('secretDelete', name);
    const deleted = { ...secret, deletedMs, deletedShownMs };
    this.#save(deleted);
    this.azure.jobs.schedule(PURGE, name.toLowerCase(), this.purgeMs(deleted), { deletedMs });
    return deleted;
  }

  /** 404 until the deletion is complete: what the SDK's poller waits for. */
  deleted(name: string): Secret {
    const secret = this.#stored(name);
    if (!secret?.deletedShownMs || secret.deletedShownMs > this.azure.clock.now()) {
      throw deletedNotFound(name);
    }
    return secret;
  }

  recover(name: string): Secret {
    const { name: stored, versions } = this.#deletedWhole(name);
    this.#save({ name: stored, versions });
    return { name: stored, versions };
  }

  purge(name: string): void {
    this.azure.store.delete('secrets', this.#deletedWhole(name).name.toLowerCase());
  }

  list(): Secret[] {
    return this.#all().filter(({ deletedMs }) => deletedMs === undefined);
  }

  listDeleted(): Secret[] {
    return this.#all().filter(
      ({ deletedShownMs }) => deletedShownMs !== undefined && deletedShownMs <= this.azure.clock.now(),
    );
  }

  /** How long a deleted secret can come back: the vault's own setting. */
  retentionDays(): number {
    const [vault] = resourcesOfType(this.azure, 'Microsoft.KeyVault/vaults');
    return Number(vault?.properties['softDeleteRetentionInDays'] ?? RETENTION_DAYS_DEFAULT);
  }

  /** When a deleted secret goes by itself. */
  purgeMs({ deletedMs = 0 }: Secret): number {
    return deletedMs + this.retentionDays() * DAY_MS;
  }

  #deletedWhole(name: string): Secret {
    const secret = this.#stored(name);
    if (secret?.deletedShownMs && secret.deletedShownMs > this.azure.clock.now()) throw beingDeleted(name);
    return this.deleted(name);
  }

  #refuseDeleted(secret: Secret): void {
    if (secret.deletedMs === undefined) return;
    if ((secret.deletedShownMs ?? 0) > this.azure.clock.now()) throw beingDeleted(secret.name);
    const text = `Secret ${secret.name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.`;
    throw new VaultError(409, 'Conflict', text, 'ObjectIsDeletedButRecoverable');
  }

  #all(): Secret[] {
    return this.azure.store.list<Secret>('secrets');
  }

  #stored(name: string): Secret | undefined {
    return this.azure.store.get<Secret>('secrets', name.toLowerCase());
  }

  #save(secret: Secret): void {
    this.azure.store.put('secrets', secret.name.toLowerCase(), secret);
  }
}

export function deletedNotFound(name: string): VaultError {
  return new VaultError(404, 'SecretNotFound', `Deleted Secret not found: ${name}`);
}

export function secretNotFound(name: string): VaultError {
  const text = `A secret with (name/id) ${name} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command.`;
  return new VaultError(404, 'SecretNotFound', text);
}

function beingDeleted(name: string): VaultError {
  return new VaultError(409, 'Conflict', `Secret ${name} is currently being deleted.`, 'ObjectIsBeingDeleted');
}
