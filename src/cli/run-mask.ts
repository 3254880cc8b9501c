/** `run --mask`: what the command was given doesn't come out with what it writes, in no form. */
import { opensVault } from "../inject/environment.ts";
import { isMaskable } from "../inject/mask/forms.ts";
import { createMasker, type Masker } from "../inject/mask/masker.ts";
import { runBeside } from "../platform/child.ts";
import { usage } from "../platform/errors.ts";
import type { Execution } from "../platform/exec.ts";
import { startFiltered } from "../platform/filtered-child.ts";
import { Secret } from "../platform/secret.ts";
import { namesSecret } from "../providers/reserved.ts";
import type { Cli } from "./context.ts";
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
  const start = startFiltered((onTerminal) => {
    const masker = createMasker(secrets, { keepsWidth: onTerminal });
    maskers.push(masker);
    return masker;
  });
  return {
    add: (token) => {
      for (const masker of maskers) masker.add(token);
    },
    run: (execution, ended) => runBeside(execution, ended, start),
  };
}

/** The secrets that the command gets, with what each is in words. */
function* handedOver(
  { context }: Cli,
  { injections, plain }: Handover,
  keepKey: boolean,
): Iterable<[name: string, secret: Secret]> {
  for (const { connection, token, beside = [] } of injections) {
    yield [`The token of ${connection}`, token];
    for (const secret of beside) yield [`What goes with the token of ${connection}`, secret];
  }
  for (const [name, value] of Object.entries(plain)) if (namesSecret(name)) yield [name, new Secret(value)];
  for (const [name, value] of Object.entries(context.env))
    if (keepKey && value && opensVault(name)) yield [name, new Secret(value)];
}
