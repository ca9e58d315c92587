/** The table of resources and checks: every kind by its name. A plan holds kinds and specs only; what they mean stands here. */
import { addressAsPlanned } from './address-as-planned.js';
import { addressFree } from './address-free.js';
import { backend } from './backend.js';
import { capacity } from './capacity.js';
import { dnsRecord } from './dns-record.js';
import { foundryAccount } from './foundry-account.js';
import { foundryConnection } from './foundry-connection.js';
import { foundryProject } from './foundry-project.js';
import { gatewayReady } from './gateway-ready.js';
import { gpuPool } from './gpu-pool.js';
import { modelAnswers } from './model-answers.js';
import { modelMembership } from './model-membership.js';
import { modelService } from './model-service.js';
import { product } from './product.js';
import { productApi } from './product-api.js';
import { productPolicy } from './product-policy.js';
import { projectIdentity } from './project-identity.js';
import { proof } from './proof.js';
import type { Check, Kind } from './resource.js';
import { roleAssignment } from './role-assignment.js';
import { subscription } from './subscription.js';
import { teamKey } from './team-key.js';
import { workspace } from './workspace.js';

/** What the engine may be given; tests add kinds of their own. */
export interface ResourceTable {
  resources: ReadonlyMap<string, Kind>;
  checks: ReadonlyMap<string, Check>;
}

/** Kinds are stored by name, so their specs are checked against `spec` whenever they come out of a document. */
export const tableOf = (resources: readonly unknown[], checks: readonly unknown[]): ResourceTable => ({
  resources: new Map((resources as Kind[]).map((kind) => [kind.kind, kind])),
  checks: new Map((checks as Check[]).map((kind) => [kind.kind, kind])),
});

export const RESOURCES: ResourceTable = tableOf(
  [
    product,
    productApi,
    subscription,
    productPolicy,
    teamKey,
    roleAssignment,
    foundryAccount,
    foundryProject,
    projectIdentity,
    foundryConnection,
    modelMembership,
    workspace,
    gpuPool,
    modelService,
    dnsRecord,
    backend,
  ],
  [gatewayReady, capacity, addressFree, addressAsPlanned, modelAnswers, proof],
);
