/** The values that filters and rule actions compute with. */
import type { MessageFields } from '../engine/message.js';

/** Undefined: the property is missing, or the result unknown. */
export type Value = string | number | boolean | undefined;

/** A part of an SQL text, ready to run. */
export type Expression = (fields: MessageFields) => Value;

/** Times compare as milliseconds; values that cannot be compared count as missing. */
export function toValue(raw: unknown): Value {
  if (raw instanceof Date) return raw.getTime();
  if (Buffer.isBuffer(raw)) return raw.toString('hex');
  return typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean' ? raw : undefined;
}
