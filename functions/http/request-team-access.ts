/** `POST access-requests`: the HTTP door for a request. */
import type { HttpRequest } from '@azure/functions';
import { type Intake, takeRequest } from '../../shared/application/take-request.js';
import { ROUTES } from '../../shared/contracts/api.js';
import { DOCUMENT_BYTES_MAX, DOCUMENT_FORMATS, formatOf, readDocument } from '../../shared/model/document.js';
import type { Origin } from '../../shared/model/operation.js';
import { ProblemError, problem } from '../../shared/model/problem.js';
import type { Caller } from './caller.js';
import { answerWith } from './operations.js';
import { implementRoute, problemAnswer } from './route.js';

implementRoute(ROUTES.requestTeamAccess, async ({ request, caller, base, services }) => {
  const document = await readBody(request);
  const intake = await takeRequest(document, originOf(request, caller), services);
  const headers = repeatabilityOf(request, intake);
  if (intake.kind === 'refused') return problemAnswer(intake.problem, headers);

  const { operation, kind } = intake;
  const answer = await answerWith(operation, base, services);
  return { ...answer, headers: { ...answer.headers, ...headers, 'hai-outcome': kind } };
});

async function readBody(request: HttpRequest): Promise<unknown> {
  const contentType = request.headers.get('content-type') ?? '';
  const format = formatOf(contentType);
  if (!format)
    throw new ProblemError(
      problem('unsupported-media-type', `"${contentType.slice(0, 80)}" is not accepted.`, {
        nextStep: `Send one of: ${Object.keys(DOCUMENT_FORMATS).join(', ')}.`,
      }),
    );
  const encoding = request.headers.get('content-encoding');
  if (encoding && encoding !== 'identity')
    throw new ProblemError(
      problem('unsupported-media-type', `Content-Encoding "${encoding.slice(0, 80)}" is not accepted.`, {
        nextStep: 'Send the document as it is.',
      }),
    );
  if (Number(request.headers.get('content-length')) > DOCUMENT_BYTES_MAX)
    throw new ProblemError(problem('too-large', `The document is larger than ${DOCUMENT_BYTES_MAX / 1024} KiB.`));
  const read = readDocument(new Uint8Array(await request.arrayBuffer()), format);
  if (!read.ok) throw new ProblemError(read.problem);
  return read.value;
}

/** Was the request remembered under its id? (OASIS Repeatable Requests 1.0, section 4.) */
const repeatabilityOf = (request: HttpRequest, { kind }: Intake): Record<string, string> =>
  request.headers.has('repeatability-request-id')
    ? { 'repeatability-result': kind === 'refused' ? 'rejected' : 'accepted' }
    : {};

/** Keys that make a repeated POST safe: the IETF draft's header, and that of the Microsoft REST guidelines. */
function originOf(request: HttpRequest, caller: Caller): Origin {
  const key = request.headers.get('idempotency-key') ?? request.headers.get('repeatability-request-id');
  return {
    door: 'http',
    requestedBy: caller.id,
    ...(key && { source: `http:${caller.id}`, sourceId: key.slice(0, 256) }),
  };
}
