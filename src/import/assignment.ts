/** `name = value`, as several programs' files have it; without blanks around either. null for another line. */
export function assignmentOf(line: string): readonly [name: string, value: string] | null {
  const at = line.indexOf("=");
  return at < 0 ? null : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}
