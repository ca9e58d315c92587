import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../dev/paths.js';
import { type Hai, startHai } from '../support/hai.js';

describe('team-alpha asks for two models by HTTP while API Management still activates', () => {
  let hai: Hai;
  beforeAll(async () => {
    hai = await startHai({ apimActivating: true });
  });
  afterAll(() => hai.close());

  it('is answered at once with an operation to follow, and has proven access minutes later', async () => {
    const document = readFileSync(path.join(ROOT, 'examples', 'team-alpha.yaml'), 'utf8');
    const answer = await hai.post('access-requests', document, { 'content-type': 'application/yaml' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(answer.headers.get('operation-location')).toBe(`${hai.api}/operations/${answer.body.id}`);

    const operation = await hai.finish(answer.body.id);
    expect(operation.error).toBeUndefined();
    expect(operation).toMatchObject({ status: 'Succeeded', phase: 'succeeded', percentComplete: 100 });
    expect(new Set(operation.steps.map((step) => step.status))).toEqual(new Set(['succeeded']));
  });
});
