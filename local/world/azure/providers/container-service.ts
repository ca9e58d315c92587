/** The AKS cluster (read), the kubeconfig it hands out, and its node pools: KAITO makes them, and nobody but a caller of ARM deletes them. */
import { stringify } from 'yaml';
import { ArmError } from '../arm/errors.js';
import { operationTypes } from '../arm/operations.js';
import type { Resource, ResourceType } from '../arm/resource-type.js';
import { inMotion } from '../arm/resources.js';
import type { Azure } from '../azure.js';
import { AUDIENCE } from '../tokens.js';

export const CLUSTERS = 'Microsoft.ContainerService/managedClusters';

/** Stable versions that the SDKs of this project speak, and those around them. */
const API_VERSIONS = [
  '2025-05-01',
  '2025-07-01',
  '2025-08-01',
  '2025-09-01',
  '2025-10-01',
  '2026-01-01',
  '2026-02-01',
  '2026-03-01',
  '2026-04-01',
  '2026-05-01',
  '2026-06-01',
];

export const containerService: ResourceType[] = [
  {
    type: CLUSTERS,
    apiVersions: API_VERSIONS,
    verbs: ['GET', 'LIST'],
    etagInBody: true,
    represent: ({ endpoints }, { properties }) => ({
      properties: {
        powerState: { code: 'Running' },
        ...properties,
        provisioningState: 'Succeeded',
        fqdn: new URL(endpoints.kubernetes).host,
      },
    }),
    actions: {
      listClusterUserCredential: ({ azure }, cluster) => ({
        status: 200,
        body: {
          kubeconfigs: [{ name: 'clusterUser', value: Buffer.from(kubeconfig(azure, cluster)).toString('base64') }],
        },
      }),
    },
  },
  {
    type: `${CLUSTERS}/agentPools`,
    apiVersions: API_VERSIONS,
    verbs: ['GET', 'DELETE', 'LIST'],
    nameRule: /^[a-z][a-z0-9]{0,11}$/,
    etagInBody: true,
    deletion: { latency: 'agentPoolDelete' },
    beforeWrite(_call, existing) {
      if (!existing || !inMotion(existing)) return;
      const state = existing.properties['provisioningState'];
      const text = `Operation is not allowed: Another agentpool operation (${existing.name} - ${state}) is in progress, please wait for it to finish before starting a new operation.`;
      throw new ArmError(409, 'OperationNotAllowed', text);
    },
  },
  ...operationTypes('Microsoft.ContainerService', API_VERSIONS),
];

/** Without local accounts the user signs in through kubelogin; the address and the authority are this world's. */
function kubeconfig({ caPem, endpoints }: Azure, { name }: Resource): string {
  const user = `clusterUser_${name}`;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: { server: endpoints.kubernetes, 'certificate-authority-data': Buffer.from(caPem).toString('base64') },
      },
    ],
    contexts: [{ name, context: { cluster: name, user } }],
    'current-context': name,
    users: [
      {
        name: user,
        user: {
          exec: {
            apiVersion: 'client.authentication.k8s.io/v1beta1',
            command: 'kubelogin',
            args: ['get-token', '--login', 'msi', '--server-id', AUDIENCE.kubernetes[0]],
            interactiveMode: 'Never',
          },
        },
      },
    ],
  });
}
