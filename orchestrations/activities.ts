/**
 * The contracts of all activities: name, input, output, patience. Implemented once in `functions/activities`; orchestrations and tests know
 * only these. Names and inputs only grow: instances of an earlier release still run.
 */
import { z } from 'zod';
import * as plan from '../shared/model/plan.js';
import { ProblemSchema } from '../shared/model/problem.js';
import type { ActivityContract, StepContract } from './step.js';

const MINUTE = 60;
/** For writes that API Management, Key Vault, DNS and Cosmos answer at once; the bound covers busy times (409, 422, 429). */
const QUICK = { usualSeconds: 5, deadlineSeconds: 15 * MINUTE };

const Nothing = z.object({});

const step = <Input, Before, Output>(contract: StepContract<Input, Before, Output>) => contract;
const activity = <Input, Output>(contract: ActivityContract<Input, Output>) => contract;

/** Was it there, and with which of the properties that the step writes? */
const presence = <Fields extends z.ZodType>(fields: Fields) => z.object({ existing: fields.optional() });

// --- the gateway ---

export const gatewayReady = step({
  name: 'gateway-ready',
  input: Nothing,
  output: Nothing,
  noUndo: 'it only reads',
  // StandardV2 activates in about 80 s, other tiers in up to 40 minutes.
  usualSeconds: 20,
  deadlineSeconds: 60 * MINUTE,
});

export const product = step({
  name: 'product',
  input: plan.ProductSchema,
  before: presence(plan.ProductSchema.extend({ state: z.string() })),
  output: Nothing,
  ...QUICK,
});

export const productPolicy = step({
  name: 'product-policy',
  input: plan.ProductPolicySchema,
  before: presence(z.object({ xml: z.string() })),
  output: Nothing,
  ...QUICK,
});

export const productApi = step({
  name: 'product-api',
  input: plan.ProductApiSchema,
  before: presence(Nothing),
  output: Nothing,
  ...QUICK,
});

export const subscription = step({
  name: 'subscription',
  input: plan.SubscriptionSchema,
  before: presence(z.object({ displayName: z.string(), scope: z.string(), state: z.string() })),
  output: Nothing,
  ...QUICK,
});

/** Copies the subscription's key into the vault; the key itself never leaves the activity. */
export const teamKey = step({
  name: 'team-key',
  input: plan.TeamKeySchema,
  before: presence(z.object({ version: z.string() })),
  output: z.object({ keyReference: z.string() }),
  ...QUICK,
});

export const roleGrants = step({
  name: 'role-grants',
  input: plan.RoleGrantsSchema,
  before: z.object({ existing: z.array(z.string()) }),
  output: Nothing,
  // A new principal may take minutes to reach the directory's replicas.
  usualSeconds: 10,
  deadlineSeconds: 30 * MINUTE,
});

// --- Foundry ---

export const foundryAccount = step({
  name: 'foundry-account',
  input: plan.FoundryAccountSchema,
  before: presence(Nothing),
  output: z.object({ endpoint: z.string() }),
  // 26 s in the seeds' log.
  usualSeconds: 20,
  deadlineSeconds: 30 * MINUTE,
});

export const foundryProject = step({
  name: 'foundry-project',
  input: plan.FoundryProjectSchema,
  before: presence(Nothing),
  output: z.object({ principalId: z.string() }),
  usualSeconds: 10,
  deadlineSeconds: 30 * MINUTE,
});

export const foundryConnection = step({
  name: 'foundry-connection',
  input: plan.ConnectionSchema,
  before: presence(z.object({ target: z.string(), metadata: z.record(z.string(), z.string()) })),
  output: Nothing,
  ...QUICK,
});

export const proof = step({
  name: 'proof',
  input: plan.ProofSchema,
  output: z.object({ calls: z.number() }),
  noUndo: 'it only calls',
  usualSeconds: 5,
  // A new subscription, policy or backend reaches every gateway unit within minutes.
  deadlineSeconds: 20 * MINUTE,
});

// --- shared models ---

export const modelMembership = step({
  name: 'model-membership',
  input: z.object({ model: z.string(), team: z.string() }),
  before: z.object({ isMember: z.boolean() }),
  output: z.object({ servedName: z.string() }),
  // GPU node, image and weights take 8 to 15 minutes; the deployment has its own deadlines below this one.
  usualSeconds: 5 * MINUTE,
  deadlineSeconds: 150 * MINUTE,
});

export const clusterCapacity = step({
  name: 'cluster-capacity',
  input: plan.CapacitySchema,
  output: Nothing,
  noUndo: 'it only reads',
  ...QUICK,
});

export const workspace = step({
  name: 'workspace',
  input: plan.WorkspaceSchema,
  before: presence(Nothing),
  output: Nothing,
  usualSeconds: 7 * MINUTE,
  deadlineSeconds: 90 * MINUTE,
});

export const modelService = step({
  name: 'model-service',
  input: plan.ModelServiceSchema,
  before: presence(z.object({ manifest: z.record(z.string(), z.unknown()) })),
  output: Nothing,
  usualSeconds: 30,
  deadlineSeconds: 20 * MINUTE,
});

export const dnsRecord = step({
  name: 'dns-record',
  input: plan.DnsRecordSchema,
  before: presence(z.object({ addresses: z.array(z.string()), ttlSeconds: z.number() })),
  output: Nothing,
  ...QUICK,
});

export const backend = step({
  name: 'backend',
  input: plan.BackendSchema,
  before: presence(z.object({ title: z.string(), url: z.string() })),
  output: Nothing,
  ...QUICK,
});

export const modelAnswers = step({
  name: 'model-answers',
  input: plan.ModelAnswersSchema,
  output: Nothing,
  noUndo: 'it only calls',
  usualSeconds: 10,
  deadlineSeconds: 20 * MINUTE,
});

// --- the operation's own record ---

const Attempt = z.object({ operationId: z.string(), attempt: z.number() });

/** accepted → running, for exactly one instance; the plan is what was frozen at intake. */
export const claimOperation = activity({
  name: 'claim-operation',
  input: Attempt.extend({ instanceId: z.string() }),
  output: z.object({ plan: plan.PlanSchema.optional() }),
});

/** The step that ended its process, or could not be undone, with the cause. */
export const recordStepFailure = activity({
  name: 'record-step-failure',
  input: z.object({
    step: z.object({ operationId: z.string(), attempt: z.number(), stepId: z.string(), stepIndex: z.number() }),
    status: z.enum(['failed', 'undo-failed']),
    problem: ProblemSchema,
  }),
  output: Nothing,
});

/** running → unwinding, with the cause. */
export const beginUnwinding = activity({
  name: 'begin-unwinding',
  input: Attempt.extend({ problem: ProblemSchema }),
  output: Nothing,
});

/** Ends a team's operation: team document, operation, event. */
export const recordTeamReady = activity({
  name: 'record-team-ready',
  input: Attempt.extend({ keyReference: z.string(), foundryEndpoint: z.string() }),
  output: Nothing,
});

export const recordModelReady = activity({ name: 'record-model-ready', input: Attempt, output: Nothing });

/** Ends an operation that failed: everything undone (`failed`), or not (`stuck`). */
export const recordFailure = activity({
  name: 'record-failure',
  input: Attempt.extend({ phase: z.enum(['failed', 'stuck']), problem: ProblemSchema }),
  output: Nothing,
});
