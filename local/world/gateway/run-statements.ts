/** Runs statements one after another and gives an error the name of the statement it came from. */
import { type Execution, type Outcome, PolicyFailure, type Statement } from './execution.js';
import { ExpressionFailure } from './expression/values.js';

/** Stops at the first `return-response`. Throws PolicyFailure with its source. */
export async function runStatements(statements: Statement[], execution: Execution): Promise<Outcome> {
  for (const statement of statements) {
    if ((await runStatement(statement, execution)) === 'return') return 'return';
  }
  return 'next';
}

export async function runStatement(statement: Statement, execution: Execution): Promise<Outcome> {
  try {
    return await statement.run(execution);
  } catch (error) {
    const failure = asPolicyFailure(error);
    failure.source ??= statement.source;
    throw failure;
  }
}

/** Anything but a failure of the policy or its expressions is a mistake in the gateway and passes as it is. */
function asPolicyFailure(error: unknown): PolicyFailure {
  if (error instanceof PolicyFailure) return error;
  if (!(error instanceof ExpressionFailure)) throw error;
  return new PolicyFailure('ExpressionValueEvaluationFailure', `Expression evaluation failed. ${error.message}`);
}
