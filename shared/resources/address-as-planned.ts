/** Check: the load balancer has the planned address and no other, before its name is given out. */
import { z } from 'zod';
import { pending, QUICK, ready, refused } from '../model/outcome.js';
import { problem } from '../model/problem.js';
import { specFields } from './names.js';
import { check } from './resource.js';

export const addressAsPlanned = check({
  kind: 'address-as-planned',
  spec: z.object({ ...specFields, service: z.string(), address: z.ipv4() }),
  title: ({ address }) => `The load balancer has ${address}`,
  async ready({ service, address }, { kubernetes }) {
    const found = (await kubernetes.readService(service))?.address;
    if (found === undefined) return pending(`the load balancer to take ${address}`);
    if (found === address) return ready;
    return refused(
      problem('refused-by-azure', `Service "${service}" got address ${found} instead of ${address}.`, {
        nextStep: 'Check that the address is free and that the annotation names the subnet, not its id.',
      }),
    );
  },
  patience: QUICK,
});
