/** Standard input, line by line, while something else is being waited for. */

/** The first line that isn't empty. Never settles where there is none: the other thing decides then. */
export async function firstLine(limit: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of Bun.stdin.stream()) {
    text = (text + decoder.decode(chunk, { stream: true })).trimStart();
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end).trim();
    if (text.length > limit) break;
  }
  if (text !== "" && text.length <= limit) return text.trim();
  return new Promise(() => {});
}
