/** Conditional reads (RFC 9110, section 13.1.2). */
import type { HttpRequest } from '@azure/functions';

/** Does the caller have this already? `If-None-Match` is a list, or `*` for whatever there is; tags are compared weakly. */
export function isKnown(request: HttpRequest, etag: string): boolean {
  const given = request.headers.get('if-none-match')?.trim();
  if (given === '*') return true;
  const tags: string[] = given?.match(/"[^"]*"/g) ?? [];
  return tags.includes(etag.replace(/^W\//, ''));
}
