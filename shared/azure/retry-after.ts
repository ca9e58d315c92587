/** When a service wants to be asked again: in seconds, as a date, or in Azure's own milliseconds. */
import { systemClock } from '../kit/clock.js';

/** Looks up a header by its lower-case name. */
export type Header = (name: string) => string | null | undefined;

export function retryAfterSeconds(header: Header): number | undefined {
  const ms = Number(header('retry-after-ms') ?? header('x-ms-retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(ms)) return positive(ms / 1000);
  const text = header('retry-after')?.trim();
  if (!text) return undefined;
  return positive(Number.isNaN(Number(text)) ? (Date.parse(text) - systemClock.now()) / 1000 : Number(text));
}

const positive = (seconds: number): number | undefined => (seconds > 0 ? Math.ceil(seconds) : undefined);
