/** The variables that name a file of certificates to trust: one that can't be used is passed over without a word by Bun. */
import { readFileSync } from "node:fs";
import type { Environment } from "./context.ts";
import { errorCode } from "./errors.ts";

export const CERTIFICATE_FILES = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"] as const;

/** What is wrong with the file that a variable names, as a clause; null: nothing, or the variable isn't set. */
export function certificateFileFault(env: Environment, variable: (typeof CERTIFICATE_FILES)[number]): string | null {
  const path = env[variable];
  if (!path) return null;
  try {
    const holdsOne = readFileSync(path, "latin1").includes("-----BEGIN CERTIFICATE-----");
    return holdsOne ? null : `${variable} names ${path}, which holds no certificate in PEM form`;
  } catch (error) {
    return `${variable} names ${path}, which can't be read (${errorCode(error) ?? "unknown error"})`;
  }
}
