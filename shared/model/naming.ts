/**
 * Every name that hai gives to something, derived in one place. The patterns are a contract with what teams and operators already know
 * (`product-alpha`, `foundry-alpha`, `workspace-mistral-7b`); the allow-lists keep every name safe in XML, YAML, labels, DNS and URLs.
 */
import { shortHash } from '../kit/ids.js';

/** `team-` and a slug of at most 22 characters: the longest derived name (`apim-<slug>-kaito`) then has the 33 that a connection may have. */
export const TEAM_NAME = /^team-[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?$/;

/** Catalog names: DNS labels with inner dots allowed for Foundry (`gpt-4.1`). */
export const MODEL_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,48}[a-z0-9])?$/;

/** Names that become a DNS label, a Workspace and a backend: no dots. */
export const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/** The API ids that Bicep owns; the product policy and the links name them. */
export const API_IDS = { foundry: 'openai-api', kaito: 'kaito-api' } as const;
/** Their paths below the gateway. */
export const API_PATHS = { foundry: 'openai/v1', kaito: 'kaito/v1' } as const;

export type Provider = keyof typeof API_IDS;

export const slugOf = (teamName: string): string => teamName.slice('team-'.length);

/** All names of a team's resources. `uniqueScope` (Azure subscription and resource group) makes the subdomain unique in the world. */
export function teamNames(slug: string, uniqueScope: string) {
  return {
    product: `product-${slug}`,
    productDisplayName: `AI Access - Team ${titleCase(slug)}`,
    subscription: `sub-${slug}`,
    secret: `apim-key-${slug}`,
    foundryAccount: `foundry-${slug}`,
    foundrySubdomain: `foundry-${slug}-${shortHash(`${uniqueScope}/${slug}`, 5)}`,
    /** The only project of the account; the first project of an account is its default one. */
    foundryProject: 'default',
    connections: { foundry: `apim-${slug}`, kaito: `apim-${slug}-kaito` },
  };
}

/** All names of a shared model's resources. */
export function modelNames(model: string, dnsZone: string) {
  return {
    workspace: `workspace-${model}`,
    service: model,
    dnsRecord: model,
    host: `${model}.${dnsZone}`,
    backend: `kaito-${model}`,
  };
}

/** Partition of a shared model's documents. Slugs hold no underscore, so it never meets a team's. */
export const modelPartition = (model: string): string => `model_${model}`;

/** `{partition}_{ulid}`: the id tells the partition, so one point read finds any operation. */
export const operationId = (partition: string, ulid: string): string => `${partition}_${ulid}`;
export const partitionOf = (operation: string): string => operation.slice(0, operation.lastIndexOf('_'));

/** Durable instance of an operation's attempt. */
export const instanceIdOf = (operation: string, attempt: number): string => `${operation}-${attempt}`;

/** Joins base URL and path with exactly one slash (Azure's endpoints come with and without one at the end). */
export const joinUrl = (base: string, path: string): string =>
  `${base.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;

const titleCase = (slug: string): string =>
  slug
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
