/**
 * An HTTP date (RFC 9110 §5.6.7) in its current form; null for anything else. `Date.parse` alone would accept "-1".
 *
 * @returns milliseconds since the epoch
 */
export function httpDate(text: string): number | null {
  const date = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  return Number.isNaN(date) ? null : date;
}
