/**
 * What a text is made of, told by plain loops: on the way of every token, where the first regular expression, or the
 * first callback of a built-in method, would take 0.05 to 0.1 ms to start its engine.
 */
export const DIGITS = "0123456789";
export const LOWER_CASE = "abcdefghijklmnopqrstuvwxyz";
export const UPPER_CASE = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Whether every character of `text` is one of `allowed`. True of an empty text. */
export function isMadeOf(text: string, allowed: string): boolean {
  for (let i = 0; i < text.length; i++) if (!allowed.includes(text.charAt(i))) return false;
  return true;
}
