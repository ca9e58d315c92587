/** Reads what others sent as JSON, where anything else is as good as nothing. */
export function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
