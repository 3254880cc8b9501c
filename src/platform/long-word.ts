/**
 * As they are, in percent or Base64: 20 characters or more without a space or punctuation of a sentence. Dumped byte by
 * byte: as many bytes, with separators.
 */
const LONG = /[\w~+/=.%\\-]{20}|(?:[0-9a-f]{2}[ :]){19}|(?:\d{1,3}, ?){19}/i;

/**
 * Whether a line of our own is worth searching for secrets (`maskHeld`): those that are masked in it are never shorter.
 * Told without loading what searches, for `run`, which prints a line each time.
 */
export function mayHoldSecret(line: string): boolean {
  return LONG.test(line);
}
