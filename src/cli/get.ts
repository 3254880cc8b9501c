import { type Access, access } from "../connections/access.ts";
import { madeFrom } from "../connections/pin.ts";
import { display } from "../connections/ref.ts";
import { type Selected, select } from "../connections/select.ts";
import { requireConnection } from "../connections/store.ts";
import { entryOf, environmentEntry, iso, type ListEntry, marksOf, NO_DEFAULT } from "../connections/view.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { Secret } from "../platform/secret.ts";
import { CONNECTION, defineCommand, STORED } from "./command.ts";
import type { Cli } from "./context.ts";
import { meanings } from "./entries.ts";
import { inSession, type Session, servicesFor } from "./session.ts";
import { oneOf } from "./suggest.ts";

export const SECRET_FIELDS = ["accessToken", "refreshToken", "idToken"];

export default defineCommand({
  name: "get",
  description: "Print what is known of a connection, one field or all",
  group: "scripting",
  args: {
    ...CONNECTION,
    ...STORED,
    field: { type: "string", alias: "f", valueHint: "field", description: "Print this field alone" },
    refresh: { type: "boolean", default: true, negativeDescription: "Don't refresh, even if that is due" },
    "show-secret": { type: "boolean", description: "Allow the fields accessToken, refreshToken, idToken" },
  },
  examples: [
    ["auth get {a} --field account", "whose login it is"],
    ["auth get {a}:work --field expiresAt --no-refresh", "without touching the network"],
    ["auth get {a} --json", "all fields"],
  ],
  run: (cli, args) =>
    inSession(
      cli,
      async (session) => {
        const selected = await select(session, {
          argument: args.connection,
          profile: args.profile,
          stored: args.stored ?? false,
        });
        const fields = {
          ...(selected.source === "environment"
            ? environmentFields(selected.provider, selected.token)
            : await storedFields(cli, session, selected, args.refresh ?? true)),
          ...(await defaultFields(session, selected, args.field)),
        };
        await printFields(cli, fields, args.field, args["show-secret"] ?? false);
      },
      // The agent hands out no refresh tokens.
      { reads: !args["show-secret"], existing: true },
    ),
});

type Fields = Record<string, unknown>;

async function storedFields(
  cli: Cli,
  session: Session,
  { ref, mustAgree }: Extract<Selected, { source: "vault" }>,
  mayRefresh: boolean,
): Promise<Fields> {
  const services = await servicesFor(session, ref);
  const accessed = mayRefresh ? await tryToAccess(cli, () => access(services, ref, { minTtl: 0, mustAgree })) : null;
  const stored = (accessed === "elsewhere" ? null : accessed)?.stored ?? (await requireConnection(services.vault, ref));
  const { record } = stored;
  // No token of the settings before an edit, which would be used at the new place, and none of another host than the
  // environment names.
  const tokens = record.pinned === null || accessed === "elsewhere" ? null : record.tokens;
  return {
    ...entryOf(stored, NO_DEFAULT, session.context.now()),
    flow: madeFrom(record).flow,
    clientId: record.pinned?.clientId ?? record.clientId,
    createdAt: iso(record.createdAt),
    refreshedAt: record.refreshedAt === null ? null : iso(record.refreshedAt),
    accessToken: tokens?.accessToken ?? null,
    refreshToken: tokens?.refreshToken ?? null,
    idToken: tokens?.idToken ?? null,
  };
}

/** Needs the whole vault, so it is done only where one of these fields is shown. */
async function defaultFields(session: Session, selected: Selected, field: string | undefined): Promise<Fields> {
  if (field !== undefined && !Object.hasOwn(NO_DEFAULT, camelCase(field))) return {};
  const connection = selected.source === "environment" ? selected.provider : display(selected.ref);
  return { ...marksOf(await meanings(session), connection) };
}

/** The field is printed even if the refresh failed, which the status shows. Only an unusable vault is an error. */
async function tryToAccess(cli: Cli, call: () => Promise<Access>): Promise<Access | "elsewhere" | null> {
  try {
    const accessed = await call();
    if (accessed.warning !== null) cli.output.warn(accessed.warning);
    return accessed;
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === "connection_not_found" || /^(vault|key)_/.test(error.code))
      throw error;
    if (error.code !== "login_required") cli.output.warn(error.message);
    return error.code === "origin_mismatch" ? "elsewhere" : null;
  }
}

function environmentFields(provider: string, token: Parameters<typeof environmentEntry>[1]): Fields {
  return {
    ...environmentEntry(provider, token, NO_DEFAULT),
    flow: null,
    clientId: null,
    createdAt: null,
    refreshedAt: null,
    accessToken: token.token,
    refreshToken: null,
    idToken: null,
  };
}

async function printFields(cli: Cli, fields: Fields, wanted: string | undefined, showSecret: boolean): Promise<void> {
  if (wanted === undefined) {
    const shown = Object.entries(fields).filter(([name]) => showSecret || !SECRET_FIELDS.includes(name));
    if (showSecret) await auditRead(cli, fields);
    if (cli.output.isJson)
      return cli.output.json(Object.fromEntries(shown.map(([name, value]) => [name, revealed(value)])));
    return cli.output.lines(shown.map(([name, value]) => `${name}: ${fieldText(name, value)}`));
  }
  const name = oneOf("field", camelCase(wanted), Object.keys(fields));
  if (SECRET_FIELDS.includes(name) && !showSecret)
    throw usage(
      `${name} is a secret.`,
      `To print it, add --show-secret${name === "accessToken" ? ". Or: auth token <connection>" : "."}`,
    );
  if (SECRET_FIELDS.includes(name)) await auditRead(cli, fields);
  if (cli.output.isJson) return cli.output.json(revealed(fields[name]) ?? null);
  return cli.output.text(fieldText(name, fields[name]));
}

/** Logs a printed token, as `auth token` does. */
function auditRead(cli: Cli, { connection }: Fields): Promise<void> {
  return cli.context.audit({ event: "token_read", status: "success", connection: String(connection) });
}

/** A secret unchanged; anything else without control characters, lists joined by spaces, and nothing for null. */
function fieldText(name: string, value: unknown): string {
  const plain = revealed(value) ?? "";
  if (SECRET_FIELDS.includes(name)) return String(plain);
  if (Array.isArray(plain)) return escapeText(plain.join(" "));
  const isError = typeof plain === "object";
  return escapeText(isError ? errorText(plain as NonNullable<ListEntry["lastError"]>) : String(plain));
}

/** `provider_unavailable: HTTP 503 (the provider's message) at 2026-01-31T09:00:00.000Z`, as in `status`. */
function errorText({ code, reason, detail, at }: NonNullable<ListEntry["lastError"]>): string {
  return `${code}: ${reason}${detail === undefined ? "" : ` (${detail})`} at ${at}`;
}

function revealed(value: unknown): unknown {
  return value instanceof Secret ? value.reveal() : value;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
