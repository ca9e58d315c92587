/** Key Vault: the teams' keys. Values pass through; nothing here keeps or prints one. A vault compares no versions: each write is a new one. */
import type { DeletedSecret, KeyVaultSecret } from '@azure/keyvault-secrets';
import { ServiceError } from '../model/service-error.js';
import type { KeyVault, SecretState } from '../resources/adapters.js';
import { type Caller, caller } from './call.js';
import { type AzureConnection, clientOptions, keyed } from './connection.js';

export interface KeyVaultOptions {
  /** Off only where the vault's host is not one of Azure's (the embedded platform, a private cloud). */
  verifyChallengeResource: boolean;
}

export function keyVault(
  { credential, callDeadlineSeconds }: AzureConnection,
  { verifyChallengeResource }: KeyVaultOptions,
): KeyVault {
  const vault = caller('vault', callDeadlineSeconds);
  const clients = keyed((url) => {
    const sdk = require('@azure/keyvault-secrets') as typeof import('@azure/keyvault-secrets');
    return new sdk.SecretClient(url, credential, {
      ...clientOptions,
      disableChallengeResourceVerification: !verifyChallengeResource,
    });
  });
  const open = (id: string) => {
    const [, url, name] = /^(https:\/\/[^/]+)\/secrets\/([^/]+)$/.exec(id) ?? [];
    if (!url || !name) throw new Error(`"${id}" is no id of a secret`);
    return { client: clients(url), name };
  };
  const readDeleted = ({ read }: Caller, id: string): Promise<DeletedSecret | undefined> => {
    const { client, name } = open(id);
    return read(`look for deleted secret "${name}"`, isAbsence, (options) => client.getDeletedSecret(name, options));
  };

  return {
    readSecretState(id) {
      const { client, name } = open(id);
      return vault.together(async (calls) => {
        const found = await calls.read(`read secret "${name}"`, isAbsence, (options) =>
          client.getSecret(name, options),
        );
        if (found) return stateOf(found, false);
        const deleted = await readDeleted(calls, id);
        return deleted && stateOf(deleted, true);
      });
    },

    async readSecretValue(id) {
      const { client, name } = open(id);
      const found = await vault.read(`read secret "${name}"`, isAbsence, (options) => client.getSecret(name, options));
      return found?.value;
    },

    async writeSecret(id, value, { tags, contentType, expiresOn }) {
      const { client, name } = open(id);
      const properties = { tags, contentType, expiresOn: expiresOn ? new Date(expiresOn) : undefined };
      await vault.send(
        `write secret "${name}"`,
        (options) => client.setSecret(name, value, { ...options, ...properties }),
        value,
      );
    },

    /** The name stays held by what was deleted. */
    async deleteSecret(id) {
      const { client, name } = open(id);
      await vault.remove(`delete secret "${name}"`, isAbsence, (options) => client.beginDeleteSecret(name, options));
      return 'begun';
    },

    async recoverSecret(id) {
      const { client, name } = open(id);
      await vault.send(`recover secret "${name}"`, (options) => client.beginRecoverDeletedSecret(name, options));
    },

    purgeSecret(id) {
      const { client, name } = open(id);
      return vault.together(async (calls) => {
        try {
          // 204 is the only answer of success: the secret is gone for good.
          await calls.send(`purge secret "${name}"`, (options) => client.purgeDeletedSecret(name, options));
          return 'removed';
        } catch (error) {
          if (!(error instanceof ServiceError)) throw error;
          if (isAbsence(error)) return 'begun';
          // Who may not purge, and who may not because the vault keeps everything, are told the same.
          if (error.status === 403 && isKept(await readDeleted(calls, id))) return 'protected';
          throw error;
        }
      });
    },
  };
}

const isAbsence = ({ status, code }: ServiceError): boolean => status === 404 && code === 'SecretNotFound';

/** `Recoverable+Purgeable` may be purged, `Recoverable` and `Recoverable+ProtectedSubscription` not. */
const isKept = (deleted: DeletedSecret | undefined): boolean =>
  deleted?.properties.recoveryLevel !== undefined && !deleted.properties.recoveryLevel.includes('Purgeable');

const stateOf = ({ properties }: KeyVaultSecret | DeletedSecret, isDeleted: boolean): SecretState => ({
  tags: properties.tags ?? {},
  contentType: properties.contentType,
  expiresOn: properties.expiresOn?.toISOString(),
  isDeleted,
});
