/**
 * The file of `run --env-file`: variables as .env files have them, whose value may name a connection instead of holding
 * a token (`API_TOKEN=auth://<connection>/token`). The person's own file, and no link (RULES.md §5).
 */
import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { parseEnv } from "node:util";
import { AuthError, errorCode, usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { faultReason } from "../platform/file-faults.ts";
import { LIMITS } from "../platform/limits.ts";
import { shellWord } from "../platform/shell-word.ts";
import { isOpenTo, isOwnedByOther, modeText } from "../platform/small-file.ts";
import { reservedBy } from "../providers/reserved.ts";
import { checkVariable } from "./variables.ts";

export interface EnvFile {
  /** Without links in it. */
  readonly path: string;
  /** SHA-256 of its bytes, in hex. */
  readonly hash: string;
  /** Variables with a value of their own. */
  readonly plain: Readonly<Record<string, string>>;
  /** Variable → the connection whose token it is to hold. */
  readonly references: Readonly<Record<string, string>>;
}

/** @throws AuthError `usage` for a file that can't be one, `file_untrusted` for one that others may have written */
export async function readEnvFile(path: string): Promise<EnvFile> {
  const bytes = await readOwnFile(path);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw usage(`${shown(path)} isn't UTF-8 text.`, "Is it the right file?");
  }
  if (text.includes("\0")) throw usage(`${shown(path)} holds NUL bytes.`, "Is it the right file?");
  const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  return { path: await realpath(path), hash, ...variablesIn(text, path) };
}

async function readOwnFile(path: string): Promise<Uint8Array> {
  // Opening a pipe would wait for its other end; on Windows neither flag is known, and neither is needed.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags).catch((error: unknown) => {
    const code = errorCode(error) ?? "unknown error";
    if (code === "ELOOP") throw untrusted(path, "it is a symbolic link", "Name the file itself.");
    const reason = code === "ENOENT" ? "there is no such file" : faultReason(code);
    throw usage(`${shown(path)} can't be read: ${reason}.`, "Check the path.");
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw usage(`${shown(path)} is not a file.`, "Check the path.");
    if (isOwnedByOther(stats)) throw untrusted(path, "it belongs to another user", "Use a copy of your own.");
    if (isOpenTo(stats, 0o002))
      throw untrusted(path, `others can write to it (mode ${modeText(stats)})`, `chmod o-w ${shellWord(path)}`);
    if (stats.size > LIMITS.secretBytes)
      throw usage(`${shown(path)} is larger than ${LIMITS.secretBytes / 1024} KiB.`, "Is it the right file?");
    const bytes = new Uint8Array(stats.size);
    const { bytesRead } = await file.read(bytes, 0, stats.size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Any other line would be ignored without a warning. */
const LINE = /^\s*(#.*|(export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=.*)?$/;
/** The connection's name is checked where it is looked up. */
const REFERENCE = /^auth:\/\/([A-Za-z0-9][A-Za-z0-9:._@+/-]*)\/token$/;
const FORM = "A reference is the whole value: API_TOKEN=auth://<provider>:<name>/token";

function variablesIn(text: string, path: string): Pick<EnvFile, "plain" | "references"> {
  for (const [i, line] of withoutQuoted(text)
    .split(/\r\n?|\n/)
    .entries())
    if (!LINE.test(line))
      throw usage(`Line ${i + 1} of ${shown(path)} can't be read.`, "Lines are NAME=value, comments or empty.");
  const plain: Record<string, string> = Object.create(null);
  const references: Record<string, string> = Object.create(null);
  for (const [name, value = ""] of Object.entries(parseEnv(withHashes(text)))) {
    if (!value.includes("auth://")) {
      const row = reservedBy(name);
      if (row !== null) throw usage(`${shown(path)} can't set ${name}: ${row} loads code or redirects traffic.`);
      plain[name] = value;
      continue;
    }
    const connection = REFERENCE.exec(value)?.[1];
    if (connection === undefined)
      throw usage(`${name} in ${shown(path)} is no reference: only access tokens can be had by one.`, FORM);
    references[checkVariable(name)] = connection;
  }
  return { plain, references };
}

/**
 * `parseEnv` of Node.js ends a value at any `#`. Elsewhere (shells, Docker Compose, dotenv from 16 on) a comment begins
 * after white space only: such values are put in quotes.
 */
function withHashes(text: string): string {
  return text.replace(
    /^[ \t]*#.*|(=[ \t]*)(?:"[^"]*"|'[^']*'|`[^`]*`|([^\s"'`#][^\r\n]*))/gm,
    (whole, equals, rest) => {
      if (rest === undefined || !rest.includes("#")) return whole;
      const comment = rest.search(/\s#/);
      const value = (comment < 0 ? rest : rest.slice(0, comment)).trimEnd();
      const quote = ["'", "`", '"'].find((one) => !value.includes(one));
      return quote === undefined ? whole : `${equals}${quote}${value}${quote}`;
    },
  );
}

/** Lines inside quotes belong to the value that they are in. */
function withoutQuoted(text: string): string {
  return text.replace(/(=[ \t]*)("[^"]*"|'[^']*'|`[^`]*`)/g, (_, equals: string, quoted: string) => {
    return equals + quoted.replace(/[^\n]/g, "").replaceAll("\n", "\n#");
  });
}

function shown(path: string): string {
  return escapeText(path);
}

function untrusted(path: string, why: string, hint: string): AuthError {
  return new AuthError("file_untrusted", `${shown(path)} is not used: ${why}.`, { hint });
}
