/** Links to the next page: absolute, opaque, with all parameters of the page before (Microsoft REST guidelines). */
import type { HttpRequest } from '@azure/functions';
import { z } from 'zod';
import type { PageKey } from '../../shared/application/store.js';
import type { ApiBase } from '../../shared/contracts/api.js';
import { jsonOrNothing } from '../../shared/kit/json.js';
import { ProblemError, problem } from '../../shared/model/problem.js';

export function nextLink(request: HttpRequest, base: ApiBase, next: PageKey | undefined): string | undefined {
  if (!next) return undefined;
  const { pathname, searchParams } = new URL(request.url);
  searchParams.set('continuation', Buffer.from(JSON.stringify(next)).toString('base64url'));
  return `${base}${pathname.slice(pathname.indexOf('/v1/'))}?${searchParams}`;
}

/** @throws ProblemError for what no link of ours has ever held. `keys`: how many values order the list. */
export function pageKey(continuation: string | undefined, keys: number): PageKey | undefined {
  if (continuation === undefined) return undefined;
  const text = Buffer.from(continuation, 'base64url').toString('utf8');
  const parsed = z.array(z.string()).length(keys).safeParse(jsonOrNothing(text));
  if (parsed.success) return parsed.data;
  throw new ProblemError(
    problem('bad-request', 'The continuation is not one.', { nextStep: 'Follow `nextLink` as it is, or begin again.' }),
  );
}
