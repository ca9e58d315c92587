import type { KubeConfig } from '@kubernetes/client-node';
import { GROUP, startTestAzure, type TestAzure } from './azure-fixture.js';

const NAMESPACE = 'kaito-models';
const PATH = `/api/v1/namespaces/${NAMESPACE}/services`;

async function config({ aks, credential }: TestAzure): Promise<KubeConfig> {
  const { KubeConfig: Config } = await import('@kubernetes/client-node');
  const { kubeconfigs } = await aks.managedClusters.listClusterUserCredentials(GROUP, 'aks-hai');
  const loaded = new Config();
  loaded.loadFromString(Buffer.from(kubeconfigs?.[0]?.value ?? []).toString());
  const { token } = await credential.getToken('6dae42f8-4368-4678-94ff-3960e28e3630/.default');
  loaded.loadFromClusterAndUser(loaded.getCurrentCluster()!, { name: 'hai', token });
  return loaded;
}

function service(name: string, labels: Record<string, string> = {}) {
  return { metadata: { name, labels }, spec: { ports: [{ port: 80 }] } };
}

/** The real client's watch; `events` grows while the world settles. */
async function watch(azure: TestAzure, query: Record<string, string | number> = {}, path = PATH) {
  const { CoreV1Api, Watch } = await import('@kubernetes/client-node');
  const loaded = await config(azure);
  const core = loaded.makeApiClient(CoreV1Api);
  const events: [type: string, name: string][] = [];
  let ended: unknown = 'not yet';
  const controller = await new Watch(loaded).watch(
    path,
    query,
    (type: string, object: { metadata?: { name?: string }; code?: number }) => {
      events.push([type, object.metadata?.name ?? String(object.code)]);
    },
    (error: unknown) => (ended = error),
  );
  /** Until so many events have come, within what a socket may take. */
  const until = async (count: number) => {
    for (let looks = 0; events.length < count && looks < 200; looks++) {
      await azure.clock.settle();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return events;
  };
  return { core, events, until, controller, ended: () => ended };
}

describe('a watch', () => {
  it('tells what is there, and then every change', async () => {
    const azure = await startTestAzure();
    const first = await watch(azure);
    const { core } = first;
    await core.createNamespacedService({ namespace: NAMESPACE, body: service('one') });
    expect(await first.until(1)).toEqual([['ADDED', 'one']]);
    const { controller, until } = await watch(azure);
    expect(await until(1)).toEqual([['ADDED', 'one']]);
    const current = await core.readNamespacedService({ namespace: NAMESPACE, name: 'one' });
    current.metadata!.labels = { changed: 'yes' };
    await core.replaceNamespacedService({ namespace: NAMESPACE, name: 'one', body: current });
    await core.deleteNamespacedService({ namespace: NAMESPACE, name: 'one' });
    expect(await until(3)).toEqual([
      ['ADDED', 'one'],
      ['MODIFIED', 'one'],
      ['DELETED', 'one'],
    ]);
    controller.abort();
    first.controller.abort();
  });

  it('goes on from the version of a list, without a gap', async () => {
    const azure = await startTestAzure();
    const { core, controller: other } = await watch(azure);
    const list = await core.listNamespacedService({ namespace: NAMESPACE });
    await core.createNamespacedService({ namespace: NAMESPACE, body: service('between') });
    const { controller, until } = await watch(azure, { resourceVersion: list.metadata?.resourceVersion ?? '' });
    expect(await until(1)).toEqual([['ADDED', 'between']]);
    controller.abort();
    other.abort();
  });

  it('sees objects come and go by its selector', async () => {
    const azure = await startTestAzure();
    const { controller, core, until } = await watch(azure, { labelSelector: 'team=alpha' });
    await core.createNamespacedService({ namespace: NAMESPACE, body: service('mine', { team: 'alpha' }) });
    await core.createNamespacedService({ namespace: NAMESPACE, body: service('theirs', { team: 'beta' }) });
    const current = await core.readNamespacedService({ namespace: NAMESPACE, name: 'mine' });
    current.metadata!.labels = { team: 'beta' };
    await core.replaceNamespacedService({ namespace: NAMESPACE, name: 'mine', body: current });
    expect(await until(2)).toEqual([
      ['ADDED', 'mine'],
      ['DELETED', 'mine'],
    ]);
    controller.abort();
  });

  it('ends after its timeout, and holds up neither time nor the end of the world', async () => {
    const azure = await startTestAzure();
    const { ended } = await watch(azure, { timeoutSeconds: 60 });
    await azure.clock.advance(61_000);
    for (let looks = 0; ended() === 'not yet' && looks < 200; looks++) await azure.clock.settle();
    expect(ended()).not.toBe('not yet');
    await watch(azure);
    await azure.world.close();
  });

  it('says 410 to who asks for what is forgotten', async () => {
    const azure = await startTestAzure();
    const { controller, core } = await watch(azure);
    await core.createNamespacedService({ namespace: NAMESPACE, body: service('busy') });
    const { token } = await azure.credential.getToken('6dae42f8-4368-4678-94ff-3960e28e3630/.default');
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/merge-patch+json' };
    const label = (version: number) =>
      fetch(`${azure.world.kubernetesUrl}${PATH}/busy`, {
        method: 'PATCH',
        headers,
        body: JSON.stringify({ metadata: { labels: { version: String(version) } } }),
      });
    for (let version = 0; version < 510; version += 30) {
      await Promise.all(Array.from({ length: 30 }, (_, index) => label(version + index)));
    }
    controller.abort();
    const late = await watch(azure, { resourceVersion: 1 });
    expect(await late.until(1)).toEqual([['ERROR', '410']]);
  });
});
