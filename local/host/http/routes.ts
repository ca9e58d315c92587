/**
 * Routes of HTTP functions: templates such as `teams/{team}/keys/{id:int?}` or `files/{*rest}`, matched without regard to case, the more
 * specific first. Reference: https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates
 */
const CONSTRAINTS: Record<string, RegExp> = {
  int: /^-?\d+$/,
  long: /^-?\d+$/,
  alpha: /^[a-z]+$/i,
  bool: /^(true|false)$/i,
  guid: /^\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i,
};

interface Segment {
  literal?: string;
  parameter?: string;
  constraints: RegExp[];
  optional: boolean;
  catchAll: boolean;
}

export interface Route<T> {
  segments: Segment[];
  methods: Set<string>;
  target: T;
}

export interface Match<T> {
  target: T;
  params: Record<string, string>;
}

/** Throws for a template that this host can't match. */
export function parseRoute<T>(template: string, methods: string[], target: T): Route<T> {
  const segments = template
    .split('/')
    .filter(Boolean)
    .map((text) => parseSegment(text, template));
  return { segments, methods: new Set(methods.map((method) => method.toUpperCase())), target };
}

/** Orders routes so that the first match is the one ASP.NET would choose. */
export function sortRoutes<T>(routes: Route<T>[]): Route<T>[] {
  return routes.toSorted((left, right) => comparePrecedence(left.segments, right.segments));
}

export function matchRoute<T>(routes: Route<T>[], method: string, path: string): Match<T> | undefined {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  for (const route of routes) {
    const params = route.methods.has(method) ? matchSegments(route.segments, parts) : undefined;
    if (params) return { target: route.target, params };
  }
  return undefined;
}

function parseSegment(text: string, template: string): Segment {
  const plain = { constraints: [], optional: false, catchAll: false };
  if (!/[{}]/.test(text)) return { ...plain, literal: text.toLowerCase() };
  const match = /^\{(\*{0,2})(\w+)((?::\w+)*)(\?)?\}$/.exec(text);
  if (!match) throw new Error(`Route "${template}": the embedded host does not understand the segment "${text}".`);
  const [, stars, parameter, names, optional] = match;
  const constraints = names!
    .split(':')
    .filter(Boolean)
    .map((name) => {
      const constraint = CONSTRAINTS[name];
      if (!constraint)
        throw new Error(`Route "${template}": the embedded host does not know the constraint "${name}".`);
      return constraint;
    });
  return { parameter, constraints, optional: optional === '?', catchAll: stars !== '' };
}

function matchSegments(segments: Segment[], parts: string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    if (segment.catchAll) return { ...params, [segment.parameter!]: parts.slice(index).join('/') };
    const part = parts[index];
    if (part === undefined) {
      if (!segment.optional) return undefined;
      continue;
    }
    if (segment.literal !== undefined && segment.literal !== part.toLowerCase()) return undefined;
    if (!segment.constraints.every((constraint) => constraint.test(part))) return undefined;
    if (segment.parameter) params[segment.parameter] = part;
  }
  return parts.length <= segments.length ? params : undefined;
}

function comparePrecedence(left: Segment[], right: Segment[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = rank(left[index]) - rank(right[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function rank(segment: Segment | undefined): number {
  if (!segment) return 0;
  if (segment.catchAll) return 4;
  if (segment.literal !== undefined) return 1;
  return segment.constraints.length > 0 ? 2 : 3;
}
