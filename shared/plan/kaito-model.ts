/** How a shared model comes to be on the cluster, for all teams. Retired: the same in reverse. */
import type { KaitoModel } from '../model/catalog.js';
import { modelNames } from '../model/naming.js';
import { ids, type Platform } from '../model/platform.js';
import { addressAsPlanned } from '../resources/address-as-planned.js';
import { addressFree } from '../resources/address-free.js';
import { backend } from '../resources/backend.js';
import { capacity } from '../resources/capacity.js';
import { dnsRecord } from '../resources/dns-record.js';
import { gatewayReady } from '../resources/gateway-ready.js';
import { gpuPool } from '../resources/gpu-pool.js';
import { modelAnswers } from '../resources/model-answers.js';
import { modelService } from '../resources/model-service.js';
import { workspace } from '../resources/workspace.js';
import { type Stage, stage } from './plan.js';

export function kaitoModel(entry: KaitoModel, platform: Platform, gpuPoolsMax: number): Stage[] {
  const { name: model, staticAddress: address, instanceType, preset } = entry;
  const names = modelNames(model, platform.dnsZone);
  const at = ids(platform);
  const owner = `model ${model}`;
  const url = `http://${names.host}/v1`;
  return [
    // Refused before a GPU is bought.
    stage([
      capacity('capacity', { id: at.cluster, owner, model, gpuPoolsMax }),
      addressFree('address-free', { id: at.cluster, owner, address, service: names.service }),
    ]),
    // The load balancer and the gateway's part come up beside the Workspace.
    stage(
      [
        gpuPool('gpu-pool', { id: `${at.cluster}/agentPools/of-${names.workspace}`, owner, model }),
        workspace('workspace', {
          id: at.inNamespace('workspaces', names.workspace),
          owner,
          model,
          instanceType,
          preset,
        }),
      ],
      [
        modelService('service', {
          id: at.inNamespace('services', names.service),
          owner,
          workspace: names.workspace,
          address,
          subnet: platform.modelsSubnet,
          sourceRanges: platform.modelSourceRanges,
        }),
        addressAsPlanned('address', { id: at.cluster, owner, service: names.service, address }),
        dnsRecord('dns-record', { id: at.dnsRecord(names.dnsRecord), owner, address }),
      ],
      [
        gatewayReady('gateway-ready', { id: at.apiManagement, owner }),
        backend('backend', { id: at.backend(names.backend), owner, title: model, url }),
      ],
    ),
    stage([
      modelAnswers('answers', {
        id: at.cluster,
        owner,
        model,
        url,
        servedNames: [entry.servedName, ...entry.formerServedNames],
      }),
    ]),
  ];
}
