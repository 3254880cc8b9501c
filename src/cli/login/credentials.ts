/** The input of a login without a person: keys, certificates, codes and tokens, from files and standard input only. */
import type { Credential } from "../../connections/login/request.ts";
import { CI_SYSTEMS, SUBJECT_TOKEN_FORMS } from "../../connections/subject-token.ts";
import { absolutePath, credentialFromStdin, readCredentialFile } from "../../platform/credential-file.ts";
import { usage } from "../../platform/errors.ts";
import type { Secret } from "../../platform/secret.ts";
import type { Cli } from "../context.ts";
import { readSecret } from "../input.ts";

export const CREDENTIALS = {
  key: { type: "string", valueHint: "file|-", description: "The key file of a service account or app" },
  certificate: { type: "string", valueHint: "file|-", description: "A PEM file with a certificate and its key" },
  "subject-token": {
    type: "string",
    valueHint: SUBJECT_TOKEN_FORMS,
    description: "Another issuer's token that vouches for this program",
  },
  code: {
    type: "string",
    valueHint: "-",
    description: "'-': read a code that the provider gave out from standard input",
  },
} as const;

type Flags = Readonly<Partial<Record<keyof typeof CREDENTIALS, string | undefined>>>;

/** Those flags that were given, as they were written. */
export function credentialsGiven(flags: Flags): Record<string, string> {
  const names = Object.keys(CREDENTIALS) as (keyof Flags)[];
  return Object.fromEntries(names.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])));
}

export async function credentialOf(cli: Cli, flags: Flags): Promise<Credential> {
  const { key, certificate, code } = flags;
  const subjectToken = flags["subject-token"];
  if (code !== undefined && code !== "-")
    throw usage("--code takes '-': the code is read from standard input.", "Other processes see what is on argv.");
  return {
    ...(key !== undefined && { key: await credentialFile(cli, key, "key") }),
    ...(certificate !== undefined && { certificate: await credentialFile(cli, certificate, "certificate") }),
    ...(subjectToken !== undefined && { subjectToken: await subjectTokenOf(cli, subjectToken) }),
    ...(code !== undefined && { code: await readSecret(cli, "Code") }),
  };
}

export async function credentialFile(cli: Cli, path: string, what: string): Promise<Secret> {
  if (path === "-") return credentialFromStdin(what);
  if (path.includes("-----BEGIN") || path.trimStart().startsWith("{"))
    throw usage(`--${what} takes a file, not the ${what} itself.`, `Pipe it in: --${what} -`);
  const { text, exposed } = await readCredentialFile(path);
  if (exposed) cli.output.warn(`Other users of this machine can read ${path}: chmod 600 it, or delete it after this.`);
  return text;
}

async function subjectTokenOf(cli: Cli, value: string): Promise<NonNullable<Credential["subjectToken"]>> {
  if (value === "-") return { secret: await readSecret(cli, "Token"), source: null };
  if ((CI_SYSTEMS as readonly string[]).includes(value)) return { secret: null, source: value };
  const path = value.startsWith("file:") ? value.slice("file:".length) : "";
  if (path === "")
    throw usage(
      `--subject-token takes one of ${SUBJECT_TOKEN_FORMS}.`,
      "The token itself never goes on the command line: other processes see it there.",
    );
  const absolute = await absolutePath(path);
  // Each refresh reads the file again: reading it now finds faults early.
  const { exposed } = await readCredentialFile(absolute);
  if (exposed) cli.output.warn(`Other users of this machine can read ${path}.`);
  return { secret: null, source: `file:${absolute}` };
}
