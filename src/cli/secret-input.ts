/** A secret from standard input, or from a hidden prompt where a person is there. */
import type { Secret } from "../platform/secret.ts";
import type { Cli } from "./context.ts";

export async function readSecret(cli: Cli, title: string): Promise<Secret> {
  const { askSecret, secretFromStdin } = await import("../platform/prompt.ts");
  return (await cli.interactive()) ? askSecret(`${title}: `) : secretFromStdin();
}
