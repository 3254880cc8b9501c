/** Writes messages to the client, one a line (MCP, "stdio"). */

const LINE_END = new Uint8Array([10]);

/** Writes whole messages to a stream, one after the other, as fast as they are read. */
export class Lines {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  #last: Promise<void> = Promise.resolve();

  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  async put(message: Uint8Array): Promise<void> {
    const line = new Uint8Array(message.length + 1);
    line.set(message);
    joinLines(line);
    line[message.length] = 10;
    const done = this.#last.then(() => this.#write(line));
    this.#last = done.catch(() => {});
    return done;
  }

  /** A message in parts; others wait until it is closed. */
  async open(): Promise<OpenLine> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    return {
      write: (part) => this.#write(joinLines(new Uint8Array(part))),
      close: async () => {
        try {
          await this.#write(LINE_END);
        } finally {
          resolve();
        }
      },
    };
  }
}

export interface OpenLine {
  write(part: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Line breaks within a message are white space: JSON has them nowhere else unescaped (RFC 8259 §2, §7). */
function joinLines(bytes: Uint8Array): Uint8Array {
  for (const end of [10, 13])
    for (let at = bytes.indexOf(end); at >= 0; at = bytes.indexOf(end, at + 1)) bytes[at] = 32;
  return bytes;
}
