/** `GET /api/health`: the process answers. `GET /api/ready`: so do the stores that it needs. */
import { ROUTES } from '../../shared/contracts/api.js';
import { implementRoute } from './route.js';

implementRoute(ROUTES.readHealth, () => ({ status: 200, body: { status: 'ok' as const } }));

implementRoute(ROUTES.readReadiness, async ({ services: { store, publisher } }) => {
  const checks = {
    cosmos: await wordFor(() => store.read('health', 'health')),
    serviceBus: await wordFor(() => publisher.check()),
  };
  const isReady = Object.values(checks).every((word) => word === 'ok');
  return {
    status: isReady ? 200 : 503,
    body: { status: isReady ? ('ok' as const) : ('unavailable' as const), checks },
  };
});

/** Probes are public: they tell that something does not answer, not what it said. */
async function wordFor(check: () => Promise<unknown>): Promise<string> {
  try {
    await check();
    return 'ok';
  } catch {
    return 'unavailable';
  }
}
