/** The kinds the cluster has, with what the control plane's Role lets it do with them. */
import type { z } from 'zod';
import { serviceSchema, workspaceSchema } from './schemas.js';

export type KubernetesVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

export interface Kind {
  apiVersion: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  verbs: readonly KubernetesVerb[];
  /** Strict: what Kubernetes would silently drop is refused, since it is always a mistake. */
  schema?: z.ZodType;
  /** Of a CustomResourceDefinition: a PUT must name the version it replaces (`AllowUnconditionalUpdate` is false for them). */
  isCustom?: boolean;
}

const READ = ['get', 'list', 'watch'] as const;
const ALL = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const;

export const KINDS: readonly Kind[] = [
  { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false, verbs: READ },
  { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true, verbs: READ },
  { apiVersion: 'v1', kind: 'Event', plural: 'events', namespaced: true, verbs: READ },
  { apiVersion: 'v1', kind: 'Service', plural: 'services', namespaced: true, verbs: ALL, schema: serviceSchema },
  { apiVersion: 'karpenter.sh/v1', kind: 'NodeClaim', plural: 'nodeclaims', namespaced: false, verbs: ['get', 'list'] },
  {
    apiVersion: 'kaito.sh/v1beta1',
    kind: 'Workspace',
    plural: 'workspaces',
    namespaced: true,
    verbs: ALL,
    schema: workspaceSchema,
    isCustom: true,
  },
];

export function kindOf(apiVersion: string, plural: string): Kind | undefined {
  return KINDS.find((kind) => kind.apiVersion === apiVersion && kind.plural === plural);
}
