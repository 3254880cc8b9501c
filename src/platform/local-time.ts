/** Times as text shows them: of the person's time zone, with its offset. JSON and log files have UTC. */

/**
 * `2026-11-26 18:32 +01:00`
 * @param time milliseconds since the epoch
 * @param seconds whether seconds are shown too
 */
export function localTime(time: number, seconds = false): string {
  const at = Temporal.Instant.fromEpochMilliseconds(Math.trunc(time)).toZonedDateTimeISO(Temporal.Now.timeZoneId());
  const clock = at.toPlainTime().toString({ smallestUnit: seconds ? "second" : "minute" });
  return `${at.toPlainDate()} ${clock} ${at.offset}`;
}
