/** What a `.auth.toml` may say, checked when it is allowed (docs/folders.md). */
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { asObject } from "../../platform/json.ts";
import { readManifest } from "../../providers/plugins/manifest.ts";
import type { Registry } from "../../providers/registry.ts";
import { writeFault } from "../../providers/written.ts";
import { hasNoDefault } from "../defaults.ts";
import { isAddress, isName, parseSelector } from "../ref.ts";
import { type FolderChoice, type FolderConnection, written } from "./choice.ts";

const FIELDS = ["profile", "default", "connections", "variables"] as const;

/** Of connections, and of variables. */
const MOST = 50;

/** @param file its path, for messages @throws AuthError `file_untrusted` */
export async function parseFolderFile(text: string, file: string, registry: Registry): Promise<FolderChoice> {
  const path = escapeText(file);
  const refuse: Refuse = (words, hint = "Correct the file, then allow it again.") =>
    new AuthError("file_untrusted", `${path}: ${words}.`, { hint });
  const fields = asObject(await tomlOf(text, path)) ?? {};
  const unknown = Object.keys(fields).find((name) => !(FIELDS as readonly string[]).includes(name));
  if (unknown !== undefined) throw refuse(`has '${shortened(unknown)}', but may only have ${FIELDS.join(", ")}`);

  const connections: FolderConnection[] = [];
  for (const one of listOf(fields.connections, refuse)) connections.push(await connectionOf(one, registry, refuse));
  await refuseTwice(connections, registry, refuse);
  return {
    profile: profileOf(fields.profile, refuse),
    default: await defaultOf(fields.default, connections, registry, refuse),
    connections,
    variables: await variablesOf(fields.variables, registry, refuse),
  };
}

type Refuse = (words: string, hint?: string) => AuthError;

async function tomlOf(text: string, path: string): Promise<unknown> {
  try {
    return await readManifest(text, path);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    throw new AuthError("file_untrusted", error.message, { hint: error.hint ?? "Correct the file." });
  }
}

function profileOf(value: unknown, refuse: Refuse): string | null {
  if (value === undefined) return null;
  if (typeof value === "string" && isName(value)) return value;
  throw refuse("profile isn't the name of a connection", 'For example: profile = "work"');
}

function listOf(value: unknown, refuse: Refuse): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.length <= MOST) return value;
  throw refuse(`connections isn't a list of at most ${MOST}`, 'For example: connections = ["<provider>:work"]');
}

/** With the provider's id in the place of an alias. */
async function connectionOf(value: unknown, registry: Registry, refuse: Refuse): Promise<FolderConnection> {
  if (typeof value !== "string") throw refuse("has something else than a text where a connection belongs");
  if (isAddress(value))
    throw refuse(
      `names ${shortened(value)}, an issuer`,
      "Name the connection as 'auth list' shows it: <provider>:<name>",
    );
  try {
    const { provider, name } = parseSelector(value);
    return { provider: await registry.require(provider), name };
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    // Only the login's access token can be had: no field of it, no file, no command.
    throw refuse(error.message.replace(/\.$/, ""), error.hint);
  }
}

/** A provider's name alone must mean one. */
async function refuseTwice(all: readonly FolderConnection[], registry: Registry, refuse: Refuse): Promise<void> {
  for (const [i, one] of all.entries()) {
    const first = all.findIndex(({ provider }) => provider === one.provider);
    if (first === i) continue;
    const isSame = all.findIndex((other) => written(other) === written(one)) !== i;
    if (isSame || !(await hasNoDefault(registry, one.provider)))
      throw refuse(
        `names ${one.provider} twice: ${written(all[first] as FolderConnection)} and ${written(one)}`,
        `A second one of a provider goes into a variable of its own: [variables], then SECOND_TOKEN = "${written(one)}"`,
      );
  }
}

async function defaultOf(
  value: unknown,
  connections: readonly FolderConnection[],
  registry: Registry,
  refuse: Refuse,
): Promise<number | null> {
  if (value === undefined) return null;
  const wanted = written(await connectionOf(value, registry, refuse));
  const at = connections.findIndex((one) => written(one) === wanted);
  if (at >= 0) return at;
  throw refuse(`default is ${wanted}, which isn't one of its connections`, `Add it to connections: "${wanted}"`);
}

async function variablesOf(value: unknown, registry: Registry, refuse: Refuse): Promise<Record<string, string>> {
  const table = value === undefined ? {} : asObject(value);
  if (table === null)
    throw refuse("variables isn't a table", 'For example: [variables], then DEPLOY_TOKEN = "<provider>:work"');
  const entries = Object.entries(table);
  if (entries.length > MOST) throw refuse(`has more than ${MOST} variables`);
  const variables: Record<string, string> = {};
  for (const [name, connection] of entries) {
    const fault = writeFault(name, "{token}", {});
    if (fault !== null) throw refuse(`variables.${shortened(name)} ${fault}`, VARIABLES);
    variables[name] = written(await connectionOf(connection, registry, refuse));
  }
  return variables;
}

const VARIABLES =
  "Use a name that a provider's description may write (docs/providers.md). Any other is named on the command line of run, by its flag -c.";

function shortened(text: string): string {
  return escapeText(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
