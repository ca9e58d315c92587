/**
 * What a fault makes of a request: refused, lost on the way in or out, late, never answered, stale or unreadable. The services know nothing of
 * it but their own words, and the operations that a fault lets hang or fail.
 */
import { readWhole } from './answer-body.js';
import type { ActiveFault, FaultList } from './faults.js';
import type { Answer, Request, Service } from './http.js';

/** How a request ends: with an answer, a connection that is cut, or one that stays open until the caller closes it. */
export type Outcome = Answer | 'cut' | 'silence';

/** World time, as the listener keeps it: neither holds time up. */
export interface Delays {
  wait(seconds: number): Promise<void>;
  later(seconds: number, run: () => Promise<void>): void;
}

type Of<Kind extends ActiveFault['kind']> = Extract<ActiveFault, { kind: Kind }>;

export async function answerUnder(
  fault: ActiveFault | undefined,
  service: Service,
  request: Request,
  faults: FaultList,
  delays: Delays,
): Promise<Outcome> {
  const answer = async () => service.answer({ ...request, fault });
  const takeEffect = async () => {
    const { body, isOpenEnded } = await answer();
    if (!isOpenEnded) await readWhole(body);
  };
  switch (fault?.kind) {
    case 'answer':
      return refusal(service, fault);
    case 'drop-before-effect':
      return 'cut';
    case 'drop-after-effect':
      await answer();
      return 'cut';
    case 'no-answer':
      if (fault.effect === 'late') delays.later(fault.lateSeconds, takeEffect);
      if (fault.effect === 'now') await takeEffect();
      return 'silence';
    case 'slow':
      await delays.wait(fault.seconds);
      return answer();
    case 'absent':
    case 'malformed': {
      const given = await answer();
      // Of a refusal there is nothing to hide or to garble, and a stream that never ends is neither read nor written whole.
      if (given.status >= 400 || given.isOpenEnded || (fault.kind === 'malformed' && request.method === 'HEAD')) {
        faults.giveBack(fault);
        return given;
      }
      return fault.kind === 'absent' ? absence(service, request) : garbled(given, fault);
    }
    default:
      return answer();
  }
}

function refusal(service: Service, fault: Of<'answer'>): Answer {
  const { code, message, retryAfter, retryAfterSeconds, status } = fault.answer;
  const answer = service.refuse(status, code, message ?? `Refused by the fault '${fault.name ?? code}'.`);
  const wait = retryAfter ?? retryAfterSeconds;
  return wait === undefined ? answer : { ...answer, headers: { ...answer.headers, 'retry-after': String(wait) } };
}

function absence(service: Service, request: Request): Answer {
  return service.absent?.(request) ?? service.refuse(404, 'NotFound', `Nothing stands at ${request.path}.`);
}

/** What a proxy says when the one behind it does not answer. */
const PAGE =
  '<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body><h1>Our services aren’t available right now</h1>';

/** A page comes from somebody on the way, who knows none of the headers; a body that is cut off follows all of them. */
async function garbled(answer: Answer, { body }: Of<'malformed'>): Promise<Answer> {
  const whole = await readWhole(answer.body);
  if (body === 'html') return { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from(PAGE) };
  const headers = { 'content-type': 'application/json; charset=utf-8', ...answer.headers };
  return { status: 200, headers, body: whole.length > 0 ? whole.subarray(0, whole.length / 2) : Buffer.from('{') };
}
