/**
 * A date as HTTP has it (RFC 9110 §5.6.7), in the one form that is still sent; null for anything else. `Date.parse` alone
 * takes "-1" for a date.
 *
 * @returns milliseconds since the epoch
 */
export function httpDate(text: string): number | null {
  const date = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  return Number.isNaN(date) ? null : date;
}
