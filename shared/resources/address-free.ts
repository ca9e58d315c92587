/** Check: nothing else in the cluster has the model's fixed address. Found before a GPU is bought for it. */
import { z } from 'zod';
import { QUICK, ready, refused } from '../model/outcome.js';
import { problem } from '../model/problem.js';
import { specFields } from './names.js';
import { check } from './resource.js';

export const addressFree = check({
  kind: 'address-free',
  spec: z.object({ ...specFields, address: z.ipv4(), service: z.string() }),
  title: ({ address }) => `The address ${address} is free`,
  async ready({ address, service }, { kubernetes }) {
    const others = (await kubernetes.listServicesAt(address)).filter((name) => name !== service);
    if (others.length === 0) return ready;
    return refused(
      problem('name-taken', `The address ${address} is used by Service "${others[0]}".`, {
        nextStep: 'Give the model another staticAddress in config/model-catalog.yaml, or free this one.',
      }),
    );
  },
  patience: QUICK,
});
