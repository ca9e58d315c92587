/** What apply-cluster.sh would send to the cluster: the namespace, the worker's rights in it, and who may talk to the models. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const SCRIPT = join(__dirname, '../../bicep/scripts/apply-cluster.sh');
const WORKER = '11111111-2222-3333-4444-555555555555';
const VALUES = {
  AZURE_RESOURCE_GROUP: 'rg-hai-demo',
  AKS_NAME: 'aks-hai-demo',
  KAITO_NAMESPACE: 'kaito-models',
  WORKER_OBJECT_ID: WORKER,
  MODEL_SOURCE_RANGES: '10.10.6.0/24,10.10.7.0/24',
};

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  [field: string]: unknown;
}

function print(values: Record<string, string>): { status: number | null; stderr: string; manifests: Manifest[] } {
  const { status, stdout, stderr } = spawnSync('bash', [SCRIPT, '--print'], {
    env: { PATH: process.env['PATH'], ...values },
    encoding: 'utf8',
  });
  const manifests = parseAllDocuments(stdout).flatMap((document) => (document.toJS() as Manifest | null) ?? []);
  return { status, stderr, manifests };
}

describe('the manifests of the cluster', () => {
  const { manifests } = print(VALUES);
  const named = (kind: string, name: string): Manifest =>
    manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)!;

  it('stand in the namespace of the shared models, with no variable left open', () => {
    const namespaced = manifests.filter(({ kind }) => kind !== 'Namespace');
    expect(namespaced.map(({ metadata }) => metadata.namespace)).toEqual(namespaced.map(() => 'kaito-models'));
    expect(JSON.stringify(manifests)).not.toContain('${');
  });

  it('let the worker do what hai calls, and nothing that reaches further', () => {
    expect(named('Role', 'hai-worker')['rules']).toEqual([
      { apiGroups: ['kaito.sh'], resources: ['workspaces'], verbs: ['get', 'list', 'create', 'delete'] },
      { apiGroups: [''], resources: ['services'], verbs: ['get', 'list', 'create', 'update', 'delete'] },
      { apiGroups: [''], resources: ['pods', 'events'], verbs: ['get', 'list'] },
    ]);
    expect(manifests.filter(({ kind }) => kind.startsWith('ClusterRole'))).toEqual([]);
  });

  it('bind the role to the object id of the identity, as a user', () => {
    expect(named('RoleBinding', 'hai-worker')['subjects']).toEqual([
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: WORKER },
    ]);
  });

  it('deny all traffic first, then admit gateway and control plane to the port of the inference servers', () => {
    expect(named('NetworkPolicy', 'default-deny')['spec']).toEqual({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
    });
    expect(named('NetworkPolicy', 'gateway-and-control-plane')['spec']).toMatchObject({
      ingress: [
        {
          from: [{ ipBlock: { cidr: '10.10.6.0/24' } }, { ipBlock: { cidr: '10.10.7.0/24' } }],
          ports: [{ port: 5000, protocol: 'TCP' }],
        },
      ],
    });
  });

  it('hold the exporter of GPU metrics only when its image is given', () => {
    const withExporter = print({ ...VALUES, GPU_EXPORTER_IMAGE: 'registry.example/dcgm-exporter:1' }).manifests;
    expect(manifests.filter(({ kind }) => kind === 'DaemonSet')).toEqual([]);
    expect(withExporter.filter(({ kind }) => kind === 'DaemonSet')).toHaveLength(1);
  });

  it.each([
    ['WORKER_OBJECT_ID', 'hai-worker'],
    ['MODEL_SOURCE_RANGES', '10.10.6.0/24}},{ipBlock: {cidr: 0.0.0.0/0'],
    ['KAITO_NAMESPACE', 'default\n---'],
    ['AKS_NAME', ''],
  ])('are not made when %s could not be what it should be', (name, value) => {
    const refused = print({ ...VALUES, [name]: value });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`${name} is`);
    expect(refused.manifests).toEqual([]);
  });
});
