/** `run --mask`: masks the command's secrets in its output, in any form. */
import { constants } from "node:os";
import { isWithheld } from "../inject/environment.ts";
import { isMaskable } from "../inject/mask/forms.ts";
import { secretsIn } from "../inject/mask/in-value.ts";
import { createMasker, type Masker } from "../inject/mask/masker.ts";
import { runBeside } from "../platform/child.ts";
import { errorCode, usage } from "../platform/errors.ts";
import type { Execution } from "../platform/exec.ts";
import { startFiltered } from "../platform/filtered-child.ts";
import { protectMemory } from "../platform/own-memory.ts";
import { Secret } from "../platform/secret.ts";
import type { Cli } from "./context.ts";
import { writeFault } from "./output.ts";
import type { Handover, RunOptions } from "./run.ts";

export interface Mask {
  /** A token that the command gets while it runs. */
  add(token: Secret): void;
  run(execution: Execution, ended: () => Promise<void>): Promise<number>;
}

/** Warns of what is too short to be masked. @throws AuthError `usage` on Windows */
export function maskOf(cli: Cli, handover: Handover, { keepKey }: RunOptions): Mask {
  if (process.platform === "win32")
    throw usage("--mask isn't available on Windows.", "Run it in WSL, or without --mask.");
  const secrets: Secret[] = [];
  for (const [name, secret] of handedOver(cli, handover, keepKey))
    if (isMaskable(secret.reveal())) secrets.push(secret);
    else cli.output.warn(`${name} isn't masked: it is so short that it may be part of ordinary text.`);
  const maskers: Masker[] = [];
  const losses: unknown[] = [];
  const start = startFiltered(
    (onTerminal) => {
      const masker = createMasker(secrets, { keepsWidth: onTerminal });
      maskers.push(masker);
      return masker;
    },
    (error) => void losses.push(error),
  );
  return {
    add: (token) => {
      for (const masker of maskers) masker.add(token);
    },
    async run(execution, ended) {
      protectMemory();
      const code = await runBeside(execution, ended, start);
      const [loss] = losses;
      if (loss === undefined) return code;
      const isClosed = errorCode(loss) === "EPIPE";
      if (!isClosed) cli.output.warn(`The command's output can't be written: ${writeFault(loss)}.`);
      // A command that had written everything before doesn't notice.
      return code === 0 ? (isClosed ? 128 + constants.signals.SIGPIPE : 1) : code;
    },
  };
}

/** The secrets that the command gets, each with a description. */
function* handedOver(
  { context }: Cli,
  { injections, plain }: Handover,
  keepKey: boolean,
): Iterable<[name: string, secret: Secret]> {
  for (const { connection, token, beside = [] } of injections) {
    yield [`The token of ${connection}`, token];
    for (const secret of beside) yield [`What goes with the token of ${connection}`, secret];
  }
  for (const [name, value] of Object.entries(plain))
    for (const secret of secretsIn(name, value))
      yield [secret === value ? name : `The password in ${name}`, new Secret(secret)];
  if (!keepKey) return;
  for (const [name, value] of Object.entries(context.env)) {
    if (value && isWithheld(name)) yield [name, new Secret(value)];
    if (value && name === "AUTH_STORE")
      // By its name alone, all of it would be a secret.
      for (const secret of secretsIn("", value)) yield ["The password in AUTH_STORE", new Secret(secret)];
  }
}
