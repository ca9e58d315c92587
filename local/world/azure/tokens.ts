/**
 * Tokens of the simulated directory: shaped like the JWTs of Microsoft Entra, signed with a key of this world, expiring in world time. Every
 * service checks audience and expiry, so a product that caches badly or asks for the wrong audience finds out here.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../clock.js';

/** Who a token speaks for: the object id of a user, group member or managed identity. */
export interface Caller {
  objectId: string;
}

/** Managed identity tokens live up to 24 hours. https://learn.microsoft.com/entra/identity/managed-identities-azure-resources */
const TOKEN_LIFETIME_SECONDS = 24 * 3_600;

/** Audiences by service. The Kubernetes one is the application id of AKS in every cloud. */
export const AUDIENCE = {
  arm: ['https://management.azure.com', 'https://management.core.windows.net'],
  vault: ['https://vault.azure.net'],
  kubernetes: ['6dae42f8-4368-4678-94ff-3960e28e3630'],
  foundry: ['https://cognitiveservices.azure.com', 'https://ai.azure.com'],
};

export class Tokens {
  readonly #key: Buffer;

  constructor(
    private readonly clock: Clock,
    private readonly tenantId: string,
  ) {
    // The key follows from the tenant: a restarted world accepts the tokens that clients still hold, as the real directory would.
    this.#key = createHash('sha256').update(`signing key of ${tenantId}`).digest();
  }

  /** `expiresOn` is in epoch seconds of world time. */
  issue(objectId: string, audience: string): { token: string; expiresOn: number } {
    const issuedAt = Math.floor(this.clock.now() / 1_000);
    const expiresOn = issuedAt + TOKEN_LIFETIME_SECONDS;
    const claims = {
      aud: audience,
      iss: `https://sts.windows.net/${this.tenantId}/`,
      iat: issuedAt,
      nbf: issuedAt,
      exp: expiresOn,
      oid: objectId,
      sub: objectId,
      tid: this.tenantId,
    };
    const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    return { token: `${content}.${this.#sign(content)}`, expiresOn };
  }

  /** The caller, or the reason for a 401. `audiences` are compared without a slash at the end. */
  check(authorization: string | undefined, audiences: readonly string[]): Caller | { refused: string } {
    const [scheme, token] = (authorization ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || !token)
      return { refused: 'The Authorization header holds no bearer token.' };
    const [header, payload, signature] = token.split('.');
    const content = `${header}.${payload}`;
    if (!payload || !signature || !equal(signature, this.#sign(content))) {
      return { refused: 'The token was not issued by this directory.' };
    }
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    if (Number(claims['exp']) * 1_000 <= this.clock.now()) return { refused: 'The access token expired.' };
    const audience = String(claims['aud']).replace(/\/$/, '');
    if (!audiences.some((accepted) => accepted.replace(/\/$/, '') === audience)) {
      return { refused: `The audience '${audience}' is not the one this service accepts (${audiences.join(', ')}).` };
    }
    return { objectId: String(claims['oid']) };
  }

  #sign(content: string): string {
    return createHmac('sha256', this.#key).update(content).digest('base64url');
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
