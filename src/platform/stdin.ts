/** Standard input, line by line, while something else is being waited for. */

/** Lines that aren't empty, trimmed. One that is longer than `limit` characters comes cut. */
export async function* inputLines(limit: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of Bun.stdin.stream()) {
    const [last = "", ...more] = (text + decoder.decode(chunk, { stream: true })).split("\n").reverse();
    for (const line of more.reverse()) if (line.trim() !== "") yield line.trim().slice(0, limit);
    text = last.slice(0, limit);
  }
  if (text.trim() !== "") yield text.trim();
}
