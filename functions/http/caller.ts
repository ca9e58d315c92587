/** The one place that decides who calls and what he may do. Every door asks here. */
import type { HttpRequest } from '@azure/functions';
import { ProblemError, problem } from '../../shared/model/problem.js';
import type { Settings } from '../settings.js';

export type Role = 'requester' | 'approver' | 'operator';

export interface Caller {
  id: string;
  roles: Role[];
}

/** In development (`HAI_AUTH=none`) everybody is one developer with all roles; settings refuse that elsewhere. */
export function callerOf(_request: HttpRequest, settings: Settings): Caller {
  if (settings.HAI_AUTH === 'none') return { id: 'developer', roles: ['requester', 'approver', 'operator'] };
  throw new ProblemError(problem('not-signed-in', 'The request carries no identity.'));
}
