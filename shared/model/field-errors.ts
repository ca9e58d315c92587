/** Turns schema issues into the field errors that callers see: a JSON pointer, a stable code, and a sentence. */
import type { z } from 'zod';
import type { FieldError } from './problem.js';

type Issue = z.core.$ZodIssue;

/** Errors reported for one document: enough to mend it in one go, bounded so that an answer stays small. */
export const FIELD_ERRORS_MAX = 100;

export const fieldErrors = (issues: readonly Issue[]): FieldError[] =>
  issues.flatMap((issue) => fieldErrorsOf(issue, [])).slice(0, FIELD_ERRORS_MAX);

/** RFC 6901 pointer of a path. */
export const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

function fieldErrorsOf(issue: Issue, outer: readonly PropertyKey[]): FieldError[] {
  const path = [...outer, ...issue.path];
  const one = (code: string, detail: string): FieldError[] => [{ pointer: pointerOf(path), code, detail }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        pointer: pointerOf([...path, key]),
        code: 'unknown-key',
        detail: `"${key.slice(0, 80)}" is not a known key here`,
      }));
    case 'invalid_type':
      return issue.input === undefined && issue.message.includes('undefined')
        ? one('missing', 'This is required')
        : one('wrong-type', `Expected ${issue.expected}`);
    case 'invalid_format':
      return one('invalid-format', issue.message);
    case 'too_small':
    case 'too_big':
      return one('out-of-range', issue.message);
    case 'invalid_value':
      return one('invalid-value', issue.message);
    case 'custom':
      return one(typeof issue.params?.['code'] === 'string' ? issue.params['code'] : 'invalid-value', issue.message);
    default:
      return one('invalid-value', issue.message);
  }
}
