/** The API Management service itself: deployed by Bicep, so it is read here and never created; it may still be activating. */
import { keyOf } from '../../arm/resource-id.js';
import type { Resource, ResourceType } from '../../arm/resource-type.js';
import { readResource, saveResource } from '../../arm/resources.js';
import type { Azure } from '../../azure.js';
import { API_VERSIONS, SERVICE } from './common.js';

export const service: ResourceType = {
  type: SERVICE,
  apiVersions: API_VERSIONS,
  verbs: ['GET', 'LIST'],
  etagInBody: true,
  represent: (azure, { name, properties }) => ({
    properties: {
      ...properties,
      provisioningState: properties['provisioningState'] ?? 'Succeeded',
      targetProvisioningState: '',
      gatewayUrl: azure.endpoints.gateway,
      managementApiUrl: `https://${name}.management.azure-api.net`,
    },
  }),
};

const ACTIVATE = 'activate-api-management';

/** Puts a service into the state in which a fresh deployment leaves it, for as long as the activation takes. */
export function beginActivation(azure: Azure, resource: Resource): void {
  setState(azure, resource, 'Activating');
  const key = keyOf(resource.id);
  azure.jobs.schedule(ACTIVATE, key, azure.clock.now() + azure.latency('apiManagementActivation', key));
}

export function endActivations(azure: Azure): void {
  azure.jobs.on(ACTIVATE, ({ subject }) => {
    const resource = readResource(azure, subject);
    if (resource) setState(azure, resource, 'Succeeded');
  });
}

function setState(azure: Azure, resource: Resource, provisioningState: string): void {
  saveResource(azure, { ...resource, properties: { ...resource.properties, provisioningState } });
}
