/** Holds every answer of the API to its contract: a status that is not declared, or a body of another shape, fails the test that got it. */
import { ROUTES, type RouteContract } from '../../shared/contracts/api.js';
import { ProblemSchema } from '../../shared/model/problem.js';

const routes: RouteContract[] = Object.values(ROUTES);

export function checkAnswer(method: string, url: string, status: number, body: unknown): void {
  const route = routes.find((one) => one.method === method && pattern(one.path).test(new URL(url).pathname));
  if (!route || status === 304) return;
  const schema = status >= 400 && !(status in route.answers) ? ProblemSchema : route.answers[status];
  if (!schema) throw new Error(`${route.name} answered ${status}, which its contract does not know`);
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new Error(`${route.name} answered ${status} in another shape: ${parsed.error.message}`);
}

const pattern = (path: string): RegExp => new RegExp(`/api/${path.replace(/\{[^}]+\}/g, '[^/]+')}$`);
