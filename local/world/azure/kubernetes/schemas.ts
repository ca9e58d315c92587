/**
 * What the API server and KAITO's admission webhook accept. Workspace rules: api/v1beta1/workspace_types.go and workspace_validation.go of
 * https://github.com/kaito-project/kaito; Service rules: the core API.
 */
import { z } from 'zod';

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const labels = z.record(z.string(), z.string());

const metadata = z.strictObject({
  name: z.string().regex(DNS_LABEL, 'must be a lowercase DNS-1123 label of at most 63 characters'),
  namespace: z.string().optional(),
  labels: labels.optional(),
  annotations: labels.optional(),
  finalizers: z.array(z.string()).optional(),
  ownerReferences: z.array(z.looseObject({ uid: z.string() })).optional(),
  resourceVersion: z.string().optional(),
  uid: z.string().optional(),
  generation: z.int().optional(),
  creationTimestamp: z.unknown().optional(),
  deletionTimestamp: z.unknown().optional(),
  deletionGracePeriodSeconds: z.unknown().optional(),
  managedFields: z.unknown().optional(),
});

/** Presets with a short name of old, or any `organisation/name` of the catalog (best effort there, so accepted here). */
const PRESET =
  /^([\w.-]+\/[\w.-]+|phi-(3|3\.5|4)[\w.-]*|phi-4|llama-3[\w.-]*|mistral-7b(-instruct)?|ministral-3-[\w.-]+|gpt-oss-(20|120)b|qwen2\.5-coder-[\w.-]+|gemma-3-[\w.-]+|deepseek-(r1|v3)-[\w.-]+)$/i;

/** GPU sizes of pkg/sku/azure_sku_handler.go: CUDA 8 or later; the AMD ones are not for the managed add-on. */
const GPU_SIZE =
  /^Standard_(NV(36|72)ads_A10_v5|NC(24|48|96)ads_A100_v4|ND96a(sr|msr)_A100_v4|NC40ads_H100_v5|NC80adis_H100_v5|NCC40ads_H100_v5|ND96isr_H(100|200)_v5)$/;

export const workspaceSchema = z.strictObject({
  apiVersion: z.literal('kaito.sh/v1beta1'),
  kind: z.literal('Workspace'),
  metadata,
  resource: z.strictObject({
    instanceType: z.string().regex(GPU_SIZE, 'Unsupported instance type'),
    labelSelector: z
      .strictObject({
        matchLabels: labels.optional(),
        matchExpressions: z
          .array(z.strictObject({ key: z.string(), operator: z.literal('In'), values: z.array(z.string()) }))
          .optional(),
      })
      .refine((selector) => selector.matchLabels ?? selector.matchExpressions, 'labelSelector must be specified'),
    count: z.int().min(1).optional(),
    preferredNodes: z.array(z.string()).optional(),
  }),
  inference: z.strictObject({
    preset: z.strictObject({
      name: z.string().regex(PRESET, 'Unsupported inference preset name'),
      presetOptions: z.strictObject({ modelAccessSecret: z.string().optional() }).optional(),
    }),
    config: z.string().optional(),
    adapters: z.array(z.looseObject({})).optional(),
  }),
  status: z.unknown().optional(),
});

const port = z.strictObject({
  name: z.string().optional(),
  port: z.int().min(1).max(65_535),
  targetPort: z.union([z.int(), z.string()]).optional(),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional(),
  nodePort: z.int().optional(),
  appProtocol: z.string().optional(),
});

export const serviceSchema = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata,
  spec: z
    .strictObject({
      type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).optional(),
      selector: labels.optional(),
      ports: z.array(port).min(1),
      clusterIP: z.string().optional(),
      clusterIPs: z.array(z.string()).optional(),
      externalTrafficPolicy: z.enum(['Local', 'Cluster']).optional(),
      internalTrafficPolicy: z.enum(['Local', 'Cluster']).optional(),
      loadBalancerIP: z.string().optional(),
      loadBalancerSourceRanges: z.array(z.cidrv4()).optional(),
      loadBalancerClass: z.string().optional(),
      allocateLoadBalancerNodePorts: z.boolean().optional(),
      healthCheckNodePort: z.int().optional(),
      ipFamilies: z.array(z.string()).optional(),
      ipFamilyPolicy: z.string().optional(),
      publishNotReadyAddresses: z.boolean().optional(),
      sessionAffinity: z.enum(['None', 'ClientIP']).optional(),
    })
    .superRefine((spec, context) => {
      if (spec.ports.length > 1 && spec.ports.some(({ name }) => !name)) {
        context.addIssue({ code: 'custom', path: ['ports'], message: 'several ports need a name each' });
      }
      if (spec.type !== 'LoadBalancer' && (spec.loadBalancerSourceRanges || spec.loadBalancerIP)) {
        context.addIssue({ code: 'custom', path: ['type'], message: 'load balancer fields need type LoadBalancer' });
      }
    }),
  status: z.unknown().optional(),
});
