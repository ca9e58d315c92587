/** Follows operations over the HTTP API, as any client would, and reports every step whose state changed. */
import type { OperationView } from '../../shared/contracts/api.js';

export interface StepChange {
  subject: string;
  step: OperationView['steps'][number];
}

/** Real milliseconds between two looks: smooth for the eye, cheap with ETags. */
const LOOK_EVERY_MS = 150;

/** Follows one operation to its end; throws when it has not ended after `limitMs` of real time. */
export async function followOperation(
  url: string,
  onChange: (change: StepChange) => void,
  limitMs: number,
): Promise<OperationView> {
  const seen = new Map<string, string>();
  const endsAt = performance.now() + limitMs;
  let etag = '';
  while (performance.now() < endsAt) {
    const response = await fetch(url, { headers: etag ? { 'if-none-match': etag } : {} });
    if (response.status === 200) {
      etag = response.headers.get('etag') ?? '';
      const operation = (await response.json()) as OperationView;
      for (const step of operation.steps) {
        const state = `${step.status} ${step.waitingFor ?? ''}`;
        if (step.status !== 'pending' && seen.get(step.id) !== state) onChange({ subject: operation.subject, step });
        seen.set(step.id, state);
      }
      if (!['NotStarted', 'Running'].includes(operation.status)) return operation;
    } else if (response.status !== 304) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error(`${url} has not ended after ${limitMs / 1000} s`);
}
