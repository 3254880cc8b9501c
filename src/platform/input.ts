import { errorCode } from "./errors.ts";

/** Standard input as a program writes it that waits for an answer: by lines, or all that is left. */
export interface Input {
  /** The next line without its end (LF); null where there is none left. */
  line(): Promise<string | null>;
  rest(): Promise<string>;
}

/**
 * @param limit bytes that a line, and all of it, may have
 * @param refuse the error for more, for a folder, and for what isn't UTF-8
 */
export function createInput(limit: number, refuse: (why: string) => Error): Input {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let text = "";
  let length = 0;
  let ended = false;

  async function read() {
    reader ??= Bun.stdin.stream().getReader() as ReadableStreamDefaultReader<Uint8Array>;
    return reader.read();
  }

  async function more(): Promise<void> {
    const { value, done } = await read().catch((error: unknown) => {
      if (errorCode(error) === "EISDIR") return refused("is a folder");
      throw error;
    });
    length += value?.length ?? 0;
    ended = done;
    if (length > limit) refused("is too long");
    try {
      text += decoder.decode(value, { stream: !done });
    } catch {
      refused("isn't UTF-8 text");
    }
  }

  /** Nothing of it is read any more. */
  function refused(why: string): never {
    text = "";
    ended = true;
    throw refuse(why);
  }

  return {
    async line() {
      let from = 0;
      for (;;) {
        const end = text.indexOf("\n", from);
        if (end >= 0) {
          const line = text.slice(0, end);
          text = text.slice(end + 1);
          return line;
        }
        if (ended) break;
        from = text.length;
        await more();
      }
      const line = text === "" ? null : text;
      text = "";
      return line;
    },
    async rest() {
      while (!ended) await more();
      const all = text;
      text = "";
      return all;
    },
  };
}
