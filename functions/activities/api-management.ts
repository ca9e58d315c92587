/** Steps at API Management: the service is ready; product, policy, APIs, subscription of a team; the backend of a shared model. */
import * as contracts from '../../orchestrations/activities.js';
import { pending, ready, refused } from '../../orchestrations/step.js';
import { includesAll } from '../../shared/kit/subset.js';
import { problem } from '../../shared/model/problem.js';
import { implementStep } from './implement.js';

implementStep(contracts.gatewayReady, ({ apiManagement, platform }) => ({
  async ensure() {
    const { name } = platform.apiManagement;
    const state = await apiManagement.readServiceState();
    if (state === 'Succeeded' || state === 'Updating') return ready({});
    if (state && ['Created', 'Activating'].includes(state))
      return pending(`API Management "${name}" to finish (${state})`);
    const found = state ? `is in state "${state}"` : 'does not exist';
    return refused(
      problem('refused-by-azure', `API Management "${name}" ${found}.`, { nextStep: 'Deploy the platform again.' }),
    );
  },
}));

implementStep(contracts.product, ({ apiManagement }) => ({
  async observe({ name }) {
    const existing = await apiManagement.readProduct(name);
    return { existing: existing && { name, ...existing } };
  },
  async ensure({ name, displayName, description }) {
    const wanted = { displayName, description, state: 'published' };
    const found = await apiManagement.readProduct(name);
    if (!includesAll(found, wanted)) await apiManagement.writeProduct(name, wanted);
    return ready({});
  },
  async undo({ name }, { existing }) {
    if (existing) {
      const { displayName, description, state } = existing;
      await apiManagement.writeProduct(name, { displayName, description, state });
    } else await apiManagement.deleteProduct(name);
    return ready({});
  },
}));

implementStep(contracts.productPolicy, ({ apiManagement }) => ({
  async observe({ product }) {
    const xml = await apiManagement.readProductPolicy(product);
    return { existing: xml === undefined ? undefined : { xml } };
  },
  async ensure({ product, xml }) {
    const found = await apiManagement.readProductPolicy(product);
    if (found === undefined || withoutLayout(found) !== withoutLayout(xml))
      await apiManagement.writeProductPolicy(product, xml);
    return ready({});
  },
  async undo({ product }, { existing }) {
    if (existing) await apiManagement.writeProductPolicy(product, existing.xml);
    else await apiManagement.deleteProductPolicy(product);
    return ready({});
  },
}));

implementStep(contracts.productApi, ({ apiManagement }) => ({
  async observe({ product, api }) {
    return { existing: (await apiManagement.hasProductApi(product, api)) ? {} : undefined };
  },
  async ensure({ product, api }) {
    if (!(await apiManagement.hasProductApi(product, api))) await apiManagement.addProductApi(product, api);
    return ready({});
  },
  async undo({ product, api }, { existing }) {
    if (!existing) await apiManagement.removeProductApi(product, api);
    return ready({});
  },
}));

implementStep(contracts.subscription, ({ apiManagement }) => ({
  async observe({ name }) {
    return { existing: await apiManagement.readSubscription(name) };
  },
  async ensure({ name, displayName, product }) {
    const wanted = { displayName, scope: `/products/${product}`, state: 'active' };
    const found = await apiManagement.readSubscription(name);
    if (!includesAll(found, wanted)) await apiManagement.writeSubscription(name, wanted);
    return ready({});
  },
  async undo({ name }, { existing }) {
    if (existing) await apiManagement.writeSubscription(name, existing);
    else await apiManagement.deleteSubscription(name);
    return ready({});
  },
}));

implementStep(contracts.backend, ({ apiManagement }) => ({
  async observe({ name }) {
    return { existing: await apiManagement.readBackend(name) };
  },
  async ensure({ name, title, url }) {
    const wanted = { title, url };
    const found = await apiManagement.readBackend(name);
    if (!includesAll(found, wanted)) await apiManagement.writeBackend(name, wanted);
    return ready({});
  },
  async undo({ name }, { existing }) {
    if (existing) await apiManagement.writeBackend(name, existing);
    else await apiManagement.deleteBackend(name);
    return ready({});
  },
}));

/** The service lays policy documents out anew; only the rest of the text counts. */
const withoutLayout = (xml: string): string => xml.replace(/>\s+</g, '><').trim();
