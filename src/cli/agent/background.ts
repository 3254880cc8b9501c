/**
 * `auth __agent`: what `auth agent start` runs in the background. It reads one line of JSON, and writes one line: that it is
 * ready, or why it isn't.
 */
import * as v from "valibot";
import { Secret } from "../../platform/secret.ts";
import { readStdin } from "../../platform/stdin.ts";
import type { Cli } from "../context.ts";
import { asAuthError, EXIT_CODES } from "../exit.ts";
import { serve } from "./serve.ts";

const Request = v.object({
  vaultId: v.string(),
  idle: v.nullable(v.number()),
  tcp: v.boolean(),
  key: v.string(),
});

/** @returns the exit code */
export async function runInBackground(cli: Cli): Promise<number> {
  const { vaultId, key, ...options } = v.parse(
    Request,
    JSON.parse(new TextDecoder().decode(await readStdin("request"))),
  );
  try {
    await serve(cli, vaultId, { ...options, key: new Secret(key) }, () => cli.output.event({ ready: true }));
    return 0;
  } catch (error) {
    const { code, message, hint } = asAuthError(error);
    await cli.output.event({ error: { code, message, hint } });
    return EXIT_CODES[code];
  }
}
