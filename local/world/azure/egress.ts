/**
 * A forward proxy that stands for "a machine inside the virtual network": whoever sends plain HTTP through it reaches the models by their
 * private names. It leads nowhere else.
 */

import { errorAnswer } from './arm/errors.js';
import type { Azure } from './azure.js';
import type { Request, Service } from './http.js';
import { NetworkError, send } from './network.js';

/** Headers between a client and its proxy, which end here. RFC 9110 section 7.6.1. */
const HOP_BY_HOP = ['connection', 'proxy-connection', 'proxy-authorization', 'keep-alive', 'te', 'trailer', 'upgrade'];

export function egressService(azure: Azure): Service {
  return {
    name: 'egress',
    refuse: errorAnswer,
    async answer(request: Request) {
      if (!request.target.startsWith('http://')) {
        return errorAnswer(
          400,
          'NotAProxyRequest',
          'Send requests with an absolute http:// address; this is a forward proxy.',
        );
      }
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => !HOP_BY_HOP.includes(name)),
      );
      try {
        azure.jobs.runDue();
        return await send(azure, { method: request.method, url: request.target, headers, body: request.body });
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        return errorAnswer(502, error.code, error.message);
      }
    },
  };
}
