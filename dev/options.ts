/** Command-line values that are numbers. */
export function positiveNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  console.error(`${option} must be a number above 0, not "${text}".`);
  process.exit(1);
}
