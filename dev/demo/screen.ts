/** What the demo shows: one line per step that changed, then the summary. Status is a word and a sign, never a colour alone. */
import type { Check } from './checks.js';
import type { StepChange } from './follow.js';

export interface Summary {
  passed: boolean;
  teams: { name: string; phase: string; worldSeconds: number; steps: number; operation: string }[];
  operations: { id: string; kind: string; status: string; worldSeconds: number }[];
  checks: Check[];
  ticket: { id: string; events: string[] };
  resources: string[];
  times: { worldSeconds: number; realSeconds: number; startupSeconds: number; speed: number };
}

const SIGNS: Record<string, string> = {
  running: '·',
  waiting: '…',
  succeeded: '✓',
  failed: '✗',
  undoing: '↶',
  undone: '↶',
  'undo-failed': '✗',
};

/** `worldSeconds`: time since the demo began. */
export function stepLine({ subject, step }: StepChange, worldSeconds: number): string {
  const text = step.status === 'waiting' ? `${step.title}: waiting for ${step.waitingFor}` : step.title;
  const cause = step.error ? ` (${step.error.detail})` : '';
  return `${clockText(worldSeconds)}  ${subject.padEnd(12)} ${SIGNS[step.status] ?? '?'} ${text}${cause}`;
}

export function summaryText({ teams, operations, checks, ticket, resources, times }: Summary): string {
  const rows = checks.map(({ team, check, passed, detail }) => `  ${passed ? '✓' : '✗'} ${team}: ${check} (${detail})`);
  return [
    '',
    'Proved from outside:',
    ...rows,
    '',
    `Ticket ${ticket.id} was told: ${ticket.events.join(', ')}`,
    '',
    ...teams.map(
      ({ name, phase, worldSeconds, steps }) =>
        `${name}: ${phase} after ${clockText(worldSeconds)} of world time, ${steps} steps`,
    ),
    ...operations
      .filter(({ kind }) => kind === 'deploy-kaito-model')
      .map(
        ({ id, status, worldSeconds }) =>
          `shared model (${id}): ${status} after ${clockText(worldSeconds)} of world time`,
      ),
    `${resources.length} resources made; ${checks.filter(({ passed }) => passed).length} of ${checks.length} checks passed`,
    `${clockText(times.worldSeconds)} of world time in ${times.realSeconds.toFixed(1)} s (speed ${times.speed}, start-up ${times.startupSeconds.toFixed(1)} s)`,
  ].join('\n');
}

const clockText = (seconds: number): string => {
  const whole = Math.floor(seconds);
  return `${String(Math.floor(whole / 60)).padStart(2, '0')}:${String(whole % 60).padStart(2, '0')}`;
};
