/**
 * The order of execution: inbound, backend, outbound; on an error on-error. In each section `<base/>` runs the next
 * wider scope's.
 */
import { BASE, type Execution, type Outcome, PolicyFailure, type Section } from './execution.js';
import { ownAnswer } from './messages.js';
import { meterAnswer } from './meter.js';
import { runStatement } from './run-statements.js';

/**
 * Sets `execution.response`. `admitCall` are the built-in steps: they find out what is called and by whom, and with it
 * the scopes.
 */
export async function runPipeline(execution: Execution, admitCall: () => void): Promise<void> {
  try {
    admitCall();
    await runSections(execution);
  } catch (error) {
    if (!(error instanceof PolicyFailure)) throw error;
    await runOnError(execution, error);
  }
}

async function runSections(execution: Execution): Promise<void> {
  for (const section of ['inbound', 'backend'] as const) {
    if ((await runSection(execution, section)) === 'return') return;
  }
  // What API Management answers when no policy forwarded the call.
  execution.response ??= { status: 200, headers: {}, body: (async function* () {})() };
  await meterAnswer(execution);
  await runSection(execution, 'outbound');
}

async function runSection(
  execution: Execution,
  section: Section,
  level = execution.scopes.length - 1,
): Promise<Outcome> {
  const scope = execution.scopes[level];
  if (!scope) return 'next';
  for (const statement of scope.policy.sections[section]) {
    const outcome =
      statement === BASE
        ? await runSection(execution, section, level - 1)
        : await inPlace({ scope: scope.name, section }, () => runStatement(statement, execution));
    if (outcome === 'return') return 'return';
  }
  return 'next';
}

/** Gives an error the place it came from. */
async function inPlace(place: Pick<PolicyFailure, 'scope' | 'section'>, run: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof PolicyFailure) Object.assign(error, place);
    throw error;
  }
}

/** The default answer stands while on-error runs, so that policies see its status and may change it. */
async function runOnError(execution: Execution, failure: PolicyFailure): Promise<void> {
  const { reason, message, scope, section } = failure;
  execution.lastError = { source: failure.source ?? 'forward-request', reason, message, scope, section };
  execution.response = defaultAnswer(execution, failure);
  try {
    await runSection(execution, 'on-error');
  } catch (error) {
    if (!(error instanceof PolicyFailure)) throw error;
    execution.response = defaultAnswer(execution, error);
  }
}

function defaultAnswer(execution: Execution, { answer }: PolicyFailure) {
  const activityId = answer.status === 500 ? execution.requestId : undefined;
  return ownAnswer(answer.status, answer.message, answer.headers, activityId);
}
