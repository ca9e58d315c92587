/**
 * The TeamAccessRequest: its schema, the upgrade of its older form, and every check that can be made without asking Azure. The result is
 * either a request in its canonical form or one problem that names every mistake.
 */
import { z } from 'zod';
import { contentHash } from '../kit/ids.js';
import type { Catalog } from './catalog.js';
import { FIELD_ERRORS_MAX, fieldErrors, pointerOf } from './field-errors.js';
import { type Guardrails, limitsFor } from './guardrails.js';
import { MODEL_NAME, type Provider, slugOf, TEAM_NAME } from './naming.js';
import { type FieldError, type Problem, problem } from './problem.js';

/** A request that needs more models than this is a mistake: the catalog is smaller, and the policy document has a size limit. */
const MODELS_MAX = 50;
/** Each member costs three role assignments, of which an Azure subscription has 4,000; teams use groups. */
const MEMBERS_MAX = 20;
/** One token count that fits every counter of the gateway. */
const TOKENS_MAX = 2_000_000_000;

const tokens = z.int().min(1).max(TOKENS_MAX);

const LimitsSchema = z.strictObject({
  tokensPerMinute: tokens.meta({ description: 'Tokens per minute; beyond it the gateway answers 429' }),
  dailyTokenQuota: tokens.meta({ description: 'Tokens per UTC day; beyond it the gateway answers 403' }),
});

const ModelAccessSchema = LimitsSchema.extend({
  name: z
    .string()
    .regex(MODEL_NAME, 'a-z, 0-9, dots and dashes, at most 50 characters')
    .meta({ examples: ['gpt-4.1'] }),
}).meta({ id: 'ModelAccess' });

const ModelsSchema = z.strictObject({ models: z.array(ModelAccessSchema).min(1).max(MODELS_MAX) });

export const MemberSchema = z
  .strictObject({ type: z.enum(['Group', 'User', 'ServicePrincipal']), objectId: z.guid().toLowerCase() })
  .meta({ id: 'Member' });

const header = {
  apiVersion: z.literal('ai.contoso.com/v1'),
  kind: z.literal('TeamAccessRequest'),
  metadata: z.strictObject({
    name: z
      .string()
      .regex(TEAM_NAME, 'team- and a slug of at most 22 characters: a-z, 0-9 and inner dashes')
      .meta({ examples: ['team-alpha'] }),
  }),
};

const specHeader = {
  // What directories hold: internationalized addresses, and guests (`lead_contoso.com#EXT#@fabrikam.onmicrosoft.com`).
  owner: z
    .string()
    .max(254)
    .regex(/^[^\s@<>"]+@[^\s@<>".]+(\.[^\s@<>".]+)+$/u, 'a mail address or user principal name')
    .meta({ description: 'Who answers for the team', examples: ['alpha-lead@contoso.com'] }),
  costCenter: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, dots and dashes, at most 64 characters')
    .meta({ examples: ['CC-12345'] }),
  members: z.array(MemberSchema).max(MEMBERS_MAX).optional().meta({
    description: 'Who may open the Foundry project and read the key',
  }),
  justification: z
    .string()
    .max(500)
    .regex(/^[\P{Cc}\n\r\t]*$/u, 'no control characters but line breaks and tabs')
    .optional(),
  failurePolicy: z.enum(['undo', 'hold']).optional().meta({
    description: 'What becomes of a request that fails: undone (default), or held as it is for investigation',
  }),
};

export const TeamAccessRequestSchema = z
  .strictObject({
    ...header,
    spec: z.strictObject({
      ...specHeader,
      models: z.strictObject({ foundry: ModelsSchema.optional(), kaito: ModelsSchema.optional() }),
    }),
  })
  .meta({ id: 'TeamAccessRequest' });

/** The form of the first documents: one limit for all Foundry models. */
const OlderRequestSchema = z.strictObject({
  ...header,
  spec: z.strictObject({
    ...specHeader,
    models: z.array(z.strictObject({ type: z.literal('azure-openai'), limits: LimitsSchema })).length(1),
  }),
});

export type TeamAccessRequest = z.infer<typeof TeamAccessRequestSchema>;
export type ModelAccess = z.infer<typeof ModelAccessSchema>;
export type Member = z.infer<typeof MemberSchema>;

export type CheckedRequest =
  | { ok: true; request: TeamAccessRequest; specHash: string }
  | { ok: false; problem: Problem };

/** Checks `document` against schema, catalog and guardrails; reports every mistake at once. */
export function checkRequest(document: unknown, catalog: Catalog, guardrails: Guardrails): CheckedRequest {
  const { schemaErrors, current } = parseAnyForm(document, catalog);
  const errors = [...schemaErrors, ...checkModels(current ?? document, catalog, guardrails)];
  if (errors.length > 0 || !current)
    return {
      ok: false,
      problem: problem('invalid-request', `The request has ${count(errors.length, 'mistake')}.`, {
        errors: errors.slice(0, FIELD_ERRORS_MAX),
      }),
    };
  const request = canonical(current);
  return { ok: true, request, specHash: specHashOf(request) };
}

/**
 * Hash of what the request means: order of lists, the justification, the failure policy and the case of the owner's address (which mail systems
 * and directories ignore) do not count.
 */
export const specHashOf = ({ spec }: TeamAccessRequest): string => {
  const { justification: _, failurePolicy: _policy, owner, ...meaning } = spec;
  return contentHash({ ...meaning, owner: owner.toLowerCase() });
};

function parseAnyForm(
  document: unknown,
  catalog: Catalog,
): { schemaErrors: FieldError[]; current?: TeamAccessRequest } {
  const isOlderForm = Array.isArray(at(document, 'spec', 'models'));
  if (!isOlderForm) {
    const parsed = TeamAccessRequestSchema.safeParse(document);
    return parsed.success
      ? { schemaErrors: [], current: parsed.data }
      : { schemaErrors: fieldErrors(parsed.error.issues) };
  }
  const parsed = OlderRequestSchema.safeParse(document);
  if (!parsed.success) return { schemaErrors: fieldErrors(parsed.error.issues) };
  const { spec, ...rest } = parsed.data;
  const limits = spec.models[0]!.limits;
  const models = catalog.foundry.filter((model) => model.enabled).map(({ name }) => ({ name, ...limits }));
  return { schemaErrors: [], current: { ...rest, spec: { ...spec, models: { foundry: { models } } } } };
}

/** Catalog, guardrails and duplicates. Works on unchecked data too, so that these mistakes are told together with those of the schema. */
function checkModels(document: unknown, catalog: Catalog, guardrails: Guardrails): FieldError[] {
  const errors: FieldError[] = [];
  let asked = 0;
  for (const provider of ['foundry', 'kaito'] as const) {
    const path = ['spec', 'models', provider, 'models'];
    const entries = at(document, ...path);
    if (!Array.isArray(entries)) continue;
    asked += entries.length;
    entries.slice(0, MODELS_MAX).forEach((entry: unknown, index) => {
      const seenBefore = entries.slice(0, index).some((other: unknown) => at(other, 'name') === at(entry, 'name'));
      errors.push(...checkModel(entry, [...path, index], provider, seenBefore, catalog, guardrails));
    });
  }
  if (asked === 0 && !Array.isArray(at(document, 'spec', 'models')) && at(document, 'spec', 'models') !== undefined)
    errors.push({ pointer: '/spec/models', code: 'no-models', detail: 'Ask for at least one model' });
  return [...errors, ...checkMembers(at(document, 'spec', 'members'))];
}

function checkModel(
  entry: unknown,
  path: PropertyKey[],
  provider: Provider,
  seenBefore: boolean,
  catalog: Catalog,
  guardrails: Guardrails,
): FieldError[] {
  const name = at(entry, 'name');
  if (typeof name !== 'string' || !MODEL_NAME.test(name)) return [];
  const errors: FieldError[] = [];
  const report = (key: string, code: string, detail: string) =>
    errors.push({ pointer: pointerOf([...path, key]), code, detail });

  if (seenBefore) report('name', 'duplicate', `"${name}" is asked for twice`);
  const known = catalog[provider].find((model) => model.name === name);
  if (!known) report('name', 'model-not-in-catalog', `The catalog has no ${provider} model "${name}"`);
  else if (!known.enabled) report('name', 'model-disabled', `"${name}" is not offered at present`);

  const limits = limitsFor(guardrails, provider, name);
  const rate = at(entry, 'tokensPerMinute');
  const quota = at(entry, 'dailyTokenQuota');
  if (isNumber(rate) && rate > limits.tokensPerMinuteMax)
    report(
      'tokensPerMinute',
      'above-guardrail',
      `At most ${limits.tokensPerMinuteMax} tokens per minute are given for "${name}"`,
    );
  if (isNumber(quota) && quota > limits.dailyTokenQuotaMax)
    report(
      'dailyTokenQuota',
      'above-guardrail',
      `At most ${limits.dailyTokenQuotaMax} tokens a day are given for "${name}"`,
    );
  return errors;
}

function checkMembers(members: unknown): FieldError[] {
  if (!Array.isArray(members)) return [];
  const ids = members.map((member: unknown) => String(at(member, 'objectId')).toLowerCase());
  return ids.flatMap((id, index) =>
    ids.indexOf(id) === index
      ? []
      : [
          {
            pointer: pointerOf(['spec', 'members', index, 'objectId']),
            code: 'duplicate',
            detail: 'This member stands twice',
          },
        ],
  );
}

/** One order for what has no order, so that equal requests are equal text. */
function canonical(request: TeamAccessRequest): TeamAccessRequest {
  const { foundry, kaito } = request.spec.models;
  const byName = (a: ModelAccess, b: ModelAccess) => (a.name < b.name ? -1 : 1);
  const sorted = (models?: { models: ModelAccess[] }) => models && { models: [...models.models].sort(byName) };
  const members = request.spec.members?.length
    ? [...request.spec.members].sort((a, b) => (a.objectId < b.objectId ? -1 : 1))
    : undefined;
  return { ...request, spec: { ...request.spec, members, models: { foundry: sorted(foundry), kaito: sorted(kaito) } } };
}

/** The team's slug, which names all its resources. */
export const teamSlug = (request: TeamAccessRequest): string => slugOf(request.metadata.name);

function at(value: unknown, ...path: PropertyKey[]): unknown {
  let inner = value;
  for (const key of path) {
    if (inner === null || typeof inner !== 'object' || !Object.hasOwn(inner, key)) return undefined;
    inner = (inner as Record<PropertyKey, unknown>)[key];
  }
  return inner;
}

const isNumber = (value: unknown): value is number => typeof value === 'number';
const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
