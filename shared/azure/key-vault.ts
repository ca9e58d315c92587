/** Key Vault: the teams' keys. Values pass through; nothing here keeps or prints one. */
import { lazy } from '../kit/lazy.js';
import { AzureError, azureCall, deleteIfPresent, readOrAbsent } from './azure-error.js';
import type { AzureConnection } from './connection.js';

export interface KeyVaultOptions {
  url: string;
  /** Off only where the vault's host is not one of Azure's (the embedded platform, a private cloud). */
  verifyChallengeResource: boolean;
}

export interface SecretVersion {
  version: string;
  value: string;
}

export function keyVault({ credential }: AzureConnection, { url, verifyChallengeResource }: KeyVaultOptions) {
  const client = lazy(() => {
    const sdk = require('@azure/keyvault-secrets') as typeof import('@azure/keyvault-secrets');
    return new sdk.SecretClient(url, credential, {
      disableChallengeResourceVerification: !verifyChallengeResource,
      retryOptions: { maxRetries: 0 },
    });
  });

  return {
    /** Reference to the newest version: what members are given. */
    referenceOf: (name: string): string => `${url.replace(/\/$/, '')}/secrets/${name}`,

    async readSecret(name: string, version?: string): Promise<SecretVersion | undefined> {
      const found = await readOrAbsent(`read secret "${name}"`, () => client().getSecret(name, { version }));
      return found && { version: found.properties.version ?? '', value: found.value ?? '' };
    },

    /** Writes a new version. */
    async writeSecret(name: string, value: string, tags: Record<string, string>): Promise<void> {
      await azureCall(`write secret "${name}"`, () => client().setSecret(name, value, { tags }));
    },

    async isSoftDeleted(name: string): Promise<boolean> {
      const found = await readOrAbsent(`look for deleted secret "${name}"`, () => client().getDeletedSecret(name));
      return found !== undefined;
    },

    async deleteSecret(name: string): Promise<void> {
      await deleteIfPresent(`delete secret "${name}"`, () => client().beginDeleteSecret(name));
    },

    async recoverSecret(name: string): Promise<void> {
      await azureCall(`recover secret "${name}"`, () => client().beginRecoverDeletedSecret(name));
    },

    /** False when the vault protects what was deleted; the name then stays recoverable. */
    async purgeSecret(name: string): Promise<boolean> {
      try {
        await deleteIfPresent(`purge secret "${name}"`, () => client().purgeDeletedSecret(name));
        return true;
      } catch (error) {
        if (error instanceof AzureError && error.status === 403) return false;
        throw error;
      }
    },
  };
}
