/** What is written on stderr, for people. Messages with a mark and colours are loaded when one is first shown. */
import type { Environment } from "../platform/context.ts";
import { escapedLines } from "../platform/escape.ts";
import { mayHoldSecret } from "../platform/secret.ts";
import type { Colors } from "../platform/terminal.ts";
import type { Globals } from "./context.ts";
import type { MessageKind, Messages } from "./messages.ts";
import type { Lines } from "./output.ts";

export interface Stderr {
  /** A plain line, escaped and masked. `run` prints one each time, without loading what `show` needs. @param fit as `Output.say` */
  line(text: Lines, fit?: boolean): Promise<void>;
  /** Text as it is, broken where it is wider than the terminal. */
  write(text: string, fit?: boolean): Promise<void>;
  show(kind: MessageKind, text: Lines): Promise<void>;
  /** As `Output.colors`. */
  colors(fd?: 1 | 2): Promise<Colors>;
}

export function createStderr(env: Environment, globals: Globals): Stderr {
  let messages: Promise<Messages> | undefined;

  const colors = async (fd: 1 | 2 = 2): Promise<Colors> => {
    const { colorsFor } = await import("../platform/terminal.ts");
    return colorsFor(fd, env, globals.color);
  };
  const loadMessages = async (): Promise<Messages> => {
    const [{ createMessages }, { columns, isTerminal }] = await Promise.all([
      import("./messages.ts"),
      import("../platform/terminal.ts"),
    ]);
    return createMessages(globals, await colors(), isTerminal(2) ? columns() : null, toStderr);
  };
  const write = async (text: string, fit = true): Promise<void> =>
    toStderr(`${fit && globals.output !== "json" ? await fitted(text) : text}\n`);

  return {
    line: async (text, fit) => write(escapedLines(await withoutSecrets(text)), fit),
    write,
    async show(kind, text) {
      messages ??= loadMessages();
      await (await messages)(kind, text);
    },
    colors,
  };
}

async function withoutSecrets(text: Lines): Promise<Lines> {
  if (!mayHoldSecret(typeof text === "string" ? text : text.join("\n"))) return text;
  const { maskHeld } = await import("../platform/redact.ts");
  return typeof text === "string" ? maskHeld(text) : text.map(maskHeld);
}

async function fitted(text: string): Promise<string> {
  const { columns, isTerminal } = await import("../platform/terminal.ts");
  if (!isTerminal(2)) return text;
  return (await import("../platform/wrap.ts")).wrapMessage(text, columns());
}

async function toStderr(text: string): Promise<void> {
  try {
    await Bun.write(Bun.stderr, text);
  } catch {
    // stderr is closed or full: the command does its work all the same.
  }
}
