/** ISO 8601 durations of days, hours, minutes and seconds, as Service Bus writes them (`PT1M30S`, `P14D`). */
const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** In milliseconds; undefined when the text is not such a duration. */
export function parseDuration(text: string): number | undefined {
  const parts = DURATION.exec(text);
  if (!parts || parts.slice(1).every((part) => part === undefined)) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
