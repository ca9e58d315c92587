/**
 * An identity that answers in time, or not at all. The SDKs share one request for a token among all who wait for it, so one that is never
 * answered would hold up every later call as well, until the process ends.
 */
import { CredentialUnavailableError, type TokenCredential } from '@azure/identity';

/** A token comes within a second; the endpoints and their own retries get the rest. */
const TOKEN_SECONDS = 20;

/** `callDeadlineSeconds`: what waits for the token is given up after that. */
export function punctual(credential: TokenCredential, callDeadlineSeconds: number): TokenCredential {
  const seconds = Math.min(TOKEN_SECONDS, callDeadlineSeconds);
  return {
    async getToken(scopes, options) {
      const { promise: late, reject } = Promise.withResolvers<never>();
      const giveUp = () => reject(new CredentialUnavailableError(`There was no token within ${seconds} s.`));
      const timer = setTimeout(giveUp, seconds * 1000);
      try {
        // Whoever asked first may be given up before the others.
        return await Promise.race([late, credential.getToken(scopes, { ...options, abortSignal: undefined })]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
