/** The kubeconfig that a cluster hands out. */
import { stringify } from 'yaml';
import type { Resource } from '../../arm/resource-type.js';
import type { Azure } from '../../azure.js';
import { AUDIENCE } from '../../tokens.js';

/** Without local accounts the user signs in through kubelogin; the address and the authority are this world's. */
export function kubeconfig({ caPem, endpoints }: Azure, { name }: Resource): string {
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
