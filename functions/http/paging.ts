/** Links to the next page: absolute, opaque, with all parameters of the page before (Microsoft REST guidelines). */
import type { HttpRequest } from '@azure/functions';

export function nextLink(request: HttpRequest, continuation: string | undefined): string | undefined {
  if (!continuation) return undefined;
  const url = new URL(request.url);
  url.searchParams.set('continuation', continuation);
  return url.toString();
}
