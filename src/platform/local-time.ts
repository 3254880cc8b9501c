/** Times as text shows them: of the person's time zone, with its offset. JSON and log files have UTC. */

/**
 * `2026-11-26 18:32 +01:00`
 * @param time milliseconds since the epoch
 * @param seconds whether seconds are shown too
 */
export function localTime(time: number, seconds = false): string {
  const at = new Date(time);
  const date = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  const clock = [at.getHours(), at.getMinutes(), ...(seconds ? [at.getSeconds()] : [])].map(two).join(":");
  return `${date} ${clock} ${offset(at)}`;
}

/** `+05:30`: how far local time is ahead of UTC at that instant. */
function offset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
