/** What all adapters of Resource Manager share: how they call, and when its 404 means that a thing is not there. */
import type { ServiceError } from '../model/service-error.js';
import { lastOf } from './arm-id.js';
import { type Caller, caller } from './call.js';
import type { AzureConnection } from './connection.js';

export const armCaller = ({ callDeadlineSeconds }: AzureConnection): Caller => caller('arm', callDeadlineSeconds);

/** Resource Manager's own words for something above that is missing. */
const MISSING_ABOVE = ['ResourceGroupNotFound', 'SubscriptionNotFound', 'ParentResourceNotFound'];

/**
 * Is there no resource of this id? Only its own service can say so. Something on the way answers 404 without a code of Azure's, and Resource
 * Manager, when the resource above is missing or not yet known in this region, says `ResourceNotFound` too, but names that one.
 */
export const isAbsent =
  (id: string) =>
  ({ status, code, detail }: ServiceError): boolean => {
    if (status !== 404 || !code.endsWith('NotFound') || MISSING_ABOVE.includes(code)) return false;
    const named = /\bResource '([^']+)'/i.exec(detail)?.[1];
    return named === undefined || lastOf(named).toLowerCase() === lastOf(id).toLowerCase();
  };
