/** What the survey of this attempt says of a step's resource, as long as it is fresh: saves a read of what was seen to be absent. */
import type { SurveyDocument } from '../../plan/plan-document.js';
import { readSurvey } from '../documents.js';
import { SURVEY_SECONDS } from './bounds.js';
import type { Run } from './run.js';

export async function isSurveyedAbsent(run: Run): Promise<boolean> {
  const { services, move, call } = run;
  const survey = await surveyOf(run);
  if (survey?.attempt !== call.attempt) return false;
  const ageSeconds = (services.clock.now() - Date.parse(survey.at)) / 1000;
  return ageSeconds < SURVEY_SECONDS && survey.found[move.key]?.is === 'absent';
}

/** A survey of an attempt is written once, so the newest ones are kept: the lanes of an attempt read it once. */
const kept = new Map<string, SurveyDocument>();
const SURVEYS_KEPT = 200;

async function surveyOf({ services, operation, call }: Run): Promise<SurveyDocument | undefined> {
  const name = `${operation.id}/${call.attempt}`;
  const known = kept.get(name);
  if (known) return known;
  const found = (await readSurvey(services.store, operation.id))?.document;
  if (found?.attempt !== call.attempt) return undefined;
  if (kept.size >= SURVEYS_KEPT) kept.delete(kept.keys().next().value!);
  kept.set(name, found);
  return found;
}
