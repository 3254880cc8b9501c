import { display, typed } from "../connections/ref.ts";
import { select } from "../connections/select.ts";
import type { Stored } from "../connections/store.ts";
import { duration } from "../connections/view.ts";
import { decodeJwt } from "../oauth/idtoken.ts";
import { AuthError } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { Secret } from "../platform/secret.ts";
import { CONNECTION, defineCommand, STORED } from "./command.ts";
import type { Cli } from "./context.ts";
import { readSecret } from "./input.ts";
import { askIssuer, describeAnswers, ONLINE, requireGood } from "./inspect-online.ts";
import { inSession, type Session } from "./session.ts";
import { requireStored } from "./stored.ts";

export default defineCommand({
  name: "inspect",
  description: "Show what a token contains",
  group: "scripting",
  args: {
    ...CONNECTION,
    connection: { ...CONNECTION.connection, description: "A connection, or '-' for a token on standard input" },
    ...STORED,
    ...ONLINE,
  },
  examples: [
    ["auth inspect {a}", "header and claims of a JWT; of an opaque token, what is known"],
    ["auth token {a} | auth inspect -", "any token"],
    ["auth inspect {a} --verify --introspect", "ask the issuer's keys, and the issuer"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const subject = await subjectOf(cli, session, args.connection, args.profile, args.stored ?? false);
      const { verify = false, introspect = false } = args;
      const answers = await askIssuer(session, subject.stored, new Secret(subject.token), { verify, introspect });
      const view = viewOf(subject);
      if (cli.output.isJson) await cli.output.json({ ...view, ...answers });
      else await cli.output.lines([...describe(view, session.context.now(), verify), ...describeAnswers(answers)]);
      requireGood(answers, subject.connection);
      if (view.exp !== null && view.exp * 1000 <= session.context.now())
        throw new AuthError("token_expired", "This token has expired.", {
          ...(subject.connection === null
            ? {}
            : { connection: subject.connection, hint: `Get a new one: auth token ${subject.connection}` }),
        });
    }),
});

interface Subject {
  readonly token: string;
  /** The login that it is from. */
  readonly stored: Stored | null;
  readonly connection: string | null;
  /** Epoch seconds, as the provider gave it; null where unknown. */
  readonly expiresAt: number | null;
  readonly obtainedAt: number | null;
  readonly scopes: readonly string[];
}

async function subjectOf(
  cli: Cli,
  session: Session,
  argument: string | undefined,
  profile: string | undefined,
  fromVault: boolean,
): Promise<Subject> {
  const unknown = { stored: null, connection: null, expiresAt: null, obtainedAt: null, scopes: [] };
  if (argument === "-") return { ...unknown, token: (await readSecret(cli, "Token")).reveal() };
  const selected = await select(session, { argument, profile, stored: fromVault });
  if (selected.source === "environment")
    return { ...unknown, token: selected.token.token.reveal(), connection: selected.provider };
  const stored = await requireStored(session, selected.ref);
  const { tokens } = stored.record;
  if (tokens === null)
    throw new AuthError("login_required", `${display(stored.ref)} is not logged in.`, {
      hint: `Run 'auth login ${typed(stored.ref)}'.`,
      connection: display(stored.ref),
    });
  return {
    token: tokens.accessToken.reveal(),
    stored,
    connection: display(stored.ref),
    expiresAt: tokens.expiresAt === null ? null : Math.floor(tokens.expiresAt / 1000),
    obtainedAt: Math.floor(tokens.obtainedAt / 1000),
    scopes: tokens.scopes,
  };
}

interface View {
  readonly type: "jwt" | "opaque";
  readonly connection: string | null;
  readonly exp: number | null;
  readonly iat: number | null;
  readonly scopes: readonly string[];
  readonly header: Readonly<Record<string, unknown>> | null;
  readonly claims: Readonly<Record<string, unknown>> | null;
}

function viewOf({ token, connection, expiresAt, obtainedAt, scopes }: Subject): View {
  const jwt = decodeJwt(token);
  const seconds = (value: unknown): number | null =>
    typeof value === "number" && Number.isFinite(value) ? value : null;
  return {
    type: jwt === null ? "opaque" : "jwt",
    connection,
    exp: seconds(jwt?.claims.exp) ?? expiresAt,
    iat: seconds(jwt?.claims.iat) ?? obtainedAt,
    scopes,
    header: jwt?.header ?? null,
    claims: jwt?.claims ?? null,
  };
}

function describe(view: View, now: number, checked: boolean): string[] {
  const jwt = checked ? "JWT" : "JWT (its signature is not checked)";
  const lines = [view.type === "jwt" ? jwt : "Opaque token: only its provider can read it."];
  if (view.connection !== null) lines.push(`Connection: ${view.connection}`);
  for (const [title, part] of [
    ["Header", view.header],
    ["Claims", view.claims],
  ] as const) {
    if (part === null) continue;
    lines.push(`${title}:`);
    for (const [name, value] of Object.entries(part))
      lines.push(`  ${escapeText(name)}: ${escapeText(JSON.stringify(value))}`);
  }
  if (view.scopes.length > 0) lines.push(`Scopes: ${escapeText(view.scopes.join(", "))}`);
  lines.push(expiryLine(view, now));
  return lines;
}

function expiryLine({ exp }: View, now: number): string {
  if (exp === null) return "When it expires is unknown.";
  const left = exp * 1000 - now;
  return left > 0 ? `Expires in ${duration(left)}.` : `Expired ${duration(-left)} ago.`;
}
