/**
 * The data plane of Key Vault over the wire: the bearer challenge, roles, and the routes for secrets.
 * https://learn.microsoft.com/rest/api/keyvault/secrets
 */
import { z } from 'zod';
import { errorAnswer } from '../arm/errors.js';
import { resourcesOfType } from '../arm/resources.js';
import type { Azure } from '../azure.js';
import type { Answer, Request, Service } from '../http.js';
import type { Recorder } from '../recorder.js';
import { hasRole, ROLE } from '../roles.js';
import { AUDIENCE } from '../tokens.js';
import { answerAtomically } from '../transaction.js';
import {
  deletedNotFound,
  type Secret,
  type Secrets,
  type SecretVersion,
  secretNotFound,
  VaultError,
} from './secrets.js';

const API_VERSIONS = ['7.4', '7.5', '7.6', '2025-07-01', '2026-04-01'];

const SECRET_NAME = /^[0-9a-zA-Z-]{1,127}$/;

const attributes = z
  .strictObject({ enabled: z.boolean().optional(), nbf: z.number().nullish(), exp: z.number().nullish() })
  .optional();

const tags = z.record(z.string().max(256), z.string().max(256)).optional();

const setBody = z.strictObject({ value: z.string(), contentType: z.string().optional(), tags, attributes });

const updateBody = z.strictObject({ contentType: z.string().optional(), tags, attributes });

export interface VaultOptions {
  azure: Azure;
  secrets: Secrets;
  recorder: Recorder;
}

export function vaultService(options: VaultOptions): Service {
  return {
    name: 'vault',
    refuse: errorAnswer,
    absent({ path }) {
      const [collection, name = ''] = path.split('/').filter(Boolean).map(decodeURIComponent);
      const { code, message, status } = collection === 'deletedsecrets' ? deletedNotFound(name) : secretNotFound(name);
      return errorAnswer(status, code, message);
    },
    answer: (request) => answerAtomically(options.azure, () => route(options, request), refusal),
  };
}

function refusal(error: unknown): Answer | undefined {
  if (!(error instanceof VaultError)) return undefined;
  const { code, innerCode, message, status } = error;
  return { status, body: { error: { code, message, ...(innerCode ? { innererror: { code: innerCode } } : {}) } } };
}

function route(options: VaultOptions, request: Request): Answer {
  const { azure, recorder } = options;
  const caller = azure.tokens.check(request.headers['authorization'], AUDIENCE.vault);
  if ('refused' in caller) return challenge(azure, caller.refused);
  const apiVersion = request.query.get('api-version') ?? '';
  if (!API_VERSIONS.includes(apiVersion)) {
    throw new VaultError(
      400,
      'BadParameter',
      `The api-version '${apiVersion}' is not one of ${API_VERSIONS.join(', ')}.`,
    );
  }
  const [collection = '', name, part] = request.path.split('/').filter(Boolean).map(decodeURIComponent);
  recorder.countRequest(request.method, `KeyVault/${collection}`);
  if (name !== undefined && !SECRET_NAME.test(name)) {
    throw new VaultError(400, 'BadParameter', `The secret name '${name}' must match ${SECRET_NAME.source}.`);
  }
  authorize(azure, caller.objectId, request.method, name);
  const given = secretRoutes(options, request, collection, name, part);
  if (given) return given;
  throw new VaultError(404, 'NotFound', `Nothing stands at ${request.method} ${request.path}.`);
}

/** The first, unauthenticated request of a client learns here where its token comes from and for what. */
function challenge({ settings }: Azure, reason: string): Answer {
  const authority = `https://login.microsoftonline.com/${settings.tenantId}`;
  return {
    status: 401,
    headers: { 'www-authenticate': `Bearer authorization="${authority}", resource="${AUDIENCE.vault[0]}"` },
    body: { error: { code: 'Unauthorized', message: `AKV10000: ${reason}` } },
  };
}

function authorize(azure: Azure, objectId: string, method: string, name: string | undefined): void {
  const [vault] = resourcesOfType(azure, 'Microsoft.KeyVault/vaults');
  const scope = name === undefined ? (vault?.id ?? '') : `${vault?.id}/secrets/${name}`;
  const all = [ROLE.vaultAdministrator, ROLE.vaultSecretsOfficer];
  if (hasRole(azure, objectId, method === 'GET' ? [...all, ROLE.vaultSecretsUser] : all, scope)) return;
  const text = `Caller is not authorized to perform action on resource. Caller: oid=${objectId}; Resource: '${scope}'.`;
  throw new VaultError(403, 'Forbidden', text, 'ForbiddenByRbac');
}

function secretRoutes({ azure, secrets }: VaultOptions, request: Request, collection: string, name = '', part = '') {
  const show = bundles(azure, secrets);
  switch (`${request.method} ${collection}${name ? '/name' : ''}`) {
    case 'PUT secrets/name': {
      const { attributes: wanted, ...given } = parse(setBody, request);
      return ok(show.version(name, secrets.set(name, { ...given, ...readAttributes(wanted) })));
    }
    case 'PATCH secrets/name': {
      const { attributes: wanted, ...given } = parse(updateBody, request);
      return ok(show.properties(name, secrets.update(name, part, { ...given, ...readAttributes(wanted) })));
    }
    case 'GET secrets/name': {
      if (part !== 'versions') return ok(show.version(name, secrets.get(name, part)));
      const found = secrets.find(name);
      return ok({ value: found.versions.map((version) => show.properties(found.name, version)), nextLink: null });
    }
    case 'DELETE secrets/name':
      return ok(show.deleted(secrets.delete(name)));
    case 'GET secrets':
      return ok({ value: secrets.list().map((secret) => show.current(secret)), nextLink: null });
    case 'GET deletedsecrets':
      return ok({ value: secrets.listDeleted().map((secret) => show.deleted(secret)), nextLink: null });
    case 'GET deletedsecrets/name':
      return ok(show.deleted(secrets.deleted(name)));
    case 'DELETE deletedsecrets/name':
      secrets.purge(name);
      return { status: 204 };
    case 'POST deletedsecrets/name':
      return part === 'recover' ? ok(show.current(secrets.recover(name))) : undefined;
    default:
      return undefined;
  }
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function parse<T>(schema: z.ZodType<T>, { body }: Request): T {
  let content: unknown;
  try {
    content = JSON.parse(body.toString('utf8'));
  } catch {
    throw new VaultError(400, 'BadParameter', 'The request body is not valid JSON.');
  }
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`);
  throw new VaultError(400, 'BadParameter', `Property has invalid value: ${issues.join('; ')}`);
}

function readAttributes(given: z.output<typeof attributes>): Partial<SecretVersion> {
  const { enabled, exp, nbf } = given ?? {};
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...(typeof nbf === 'number' ? { notBefore: nbf } : {}),
    ...(typeof exp === 'number' ? { expires: exp } : {}),
  };
}

/** The shapes that the data plane answers with. */
function bundles(azure: Azure, secrets: Secrets) {
  const base = azure.endpoints.vault;
  const seconds = (ms: number) => Math.floor(ms / 1_000);
  const properties = (name: string, version: SecretVersion, withVersion = true) => ({
    id: `${base}/secrets/${name}${withVersion ? `/${version.version}` : ''}`,
    contentType: version.contentType,
    tags: version.tags,
    attributes: {
      enabled: version.enabled,
      nbf: version.notBefore,
      exp: version.expires,
      created: seconds(version.createdMs),
      updated: seconds(version.updatedMs),
      recoveryLevel: 'Recoverable+Purgeable',
      recoverableDays: secrets.retentionDays(),
    },
  });
  const current = (secret: Secret, withVersion: boolean) => {
    const version = secret.versions.at(-1);
    return version && properties(secret.name, version, withVersion);
  };
  return {
    properties,
    version: (name: string, version: SecretVersion) => ({ value: version.value, ...properties(name, version) }),
    current: (secret: Secret) => current(secret, false),
    deleted: (secret: Secret) => ({
      ...current(secret, true),
      recoveryId: `${base}/deletedsecrets/${secret.name}`,
      deletedDate: seconds(secret.deletedMs ?? 0),
      scheduledPurgeDate: seconds(secrets.purgeMs(secret)),
    }),
  };
}
