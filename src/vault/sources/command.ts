/** The key is what AUTH_KEY_COMMAND prints, run through the shell: a password manager's or a key service's client. */
import type { Environment } from "../../platform/context.ts";
import { AuthError } from "../../platform/errors.ts";
import { helperEnvironment } from "../../platform/helper-programs.ts";
import { LIMITS } from "../../platform/limits.ts";
import { readCapped } from "../../platform/streams.ts";
import { showStart } from "../../platform/terminal.ts";
import { byShell } from "../../platform/windows/programs.ts";
import type { Bytes } from "../bytes.ts";
import { type KeyRequest, type KeySource, locked, NOT_HANDED_ON, parseKey } from "./source.ts";

export const commandSource: KeySource = {
  async open({ context }) {
    const command = context.env.AUTH_KEY_COMMAND;
    if (!command)
      throw locked(
        "The vault's key comes from AUTH_KEY_COMMAND, which is not set.",
        `Set AUTH_KEY_COMMAND to the command that prints the vault's key (${NOT_HANDED_ON}).`,
      );
    return run(command, context.env);
  },
  async create(request: KeyRequest) {
    const variable = request.rekeys ? "AUTH_NEW_KEY_COMMAND" : "AUTH_KEY_COMMAND";
    if (!request.context.env.AUTH_KEY_COMMAND)
      throw locked(`${variable} is not set.`, `Set ${variable} to a command that prints 32 bytes in base64 or hex.`);
    return { key: await this.open(request), kdf: null };
  },
  async forget() {},
};

/** What it writes to stderr is shown as it comes, so that it can ask its person for a touch or a PIN. */
async function run(command: string, env: Environment): Promise<Bytes> {
  const { words, ...options } =
    process.platform === "win32" ? byShell(env, command) : { words: ["/bin/sh", "-c", command] };
  const child = Bun.spawn(words, {
    ...options,
    env: withoutSecrets(env),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const shown = showStart(child.stderr, LIMITS.secretBytes);
  let timer: Timer | undefined;
  const deadline = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), LIMITS.keyCommand);
  });
  try {
    // A grandchild may hold the pipe open for ever, so the deadline ends the wait and not only the shell.
    const ended = await Promise.race([Promise.all([child.exited, printed(child.stdout)]), deadline]);
    if (ended === null)
      throw locked(
        `AUTH_KEY_COMMAND gave no key within ${LIMITS.keyCommand / 1000} seconds.`,
        "Run the command yourself to see what it waits for. It gets no input.",
      );
    const [exitCode, output] = ended;
    await Promise.race([shown, Bun.sleep(LAST_WORDS_TIME)]);
    if (exitCode !== 0)
      throw locked(
        `AUTH_KEY_COMMAND failed: it ended with ${child.signalCode ?? `exit code ${exitCode}`}.`,
        "Run the command yourself to see why. It gets no input, no tokens and no AUTH_ variables.",
      );
    if (output.trim() === "")
      throw new AuthError("key_invalid", "AUTH_KEY_COMMAND printed nothing.", {
        hint: "Run the command yourself to see why. It gets no input, no tokens and no AUTH_ variables.",
      });
    return parseKey(output, "What AUTH_KEY_COMMAND printed");
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
  }
}

/** Milliseconds for what the command wrote to stderr before it ended; what it left running may hold the pipe open. */
const LAST_WORDS_TIME = 200;

/** A key takes a hundred bytes; a command that goes on printing is no source of one. */
async function printed(stdout: ReadableStream<Uint8Array>): Promise<string> {
  const bytes = await readCapped(stdout, LIMITS.secretBytes, () =>
    locked(
      `AUTH_KEY_COMMAND printed more than ${LIMITS.secretBytes / 1024} KiB, which is no key.`,
      "Run the command yourself to see what it prints.",
    ),
  );
  return new TextDecoder().decode(bytes);
}

/** Without what no helping program gets, and without tokens. */
function withoutSecrets(env: Environment): Environment {
  const kept = Object.entries(helperEnvironment(env)).filter(([name]) => !/^(.*_)?(TOKEN|API_KEY)$/i.test(name));
  return Object.fromEntries(kept);
}
