import { feature } from "bun:bundle";
import { type Selected, type Selector, select } from "../connections/select.ts";
import { AuthError } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import { type Acquired, acquire } from "./acquire.ts";
import { CONNECTION, defineCommand, resourceOf, SCOPE, STORED, seconds } from "./command.ts";
import type { Cli } from "./context.ts";
import type { Refusal } from "./refusal.ts";
import { inSession, type Session } from "./session.ts";

export interface TokenOptions extends Selector {
  /** Milliseconds. */
  readonly minTtl: number;
  readonly scopes: readonly string[] | null;
  readonly showSecret: boolean;
  readonly rejected: Secret | null;
  /** What an API answered to a token. */
  readonly refusal: Refusal | null;
  /** The API that the token is to be for; null: the login's own. */
  readonly resource: string | null;
  /** The login at an identity provider that vouches for the person, where there is no login yet. */
  readonly via?: string | undefined;
  /** Log in first when that is what it takes, and a person is there. */
  readonly login: boolean;
}

export default defineCommand({
  name: "token",
  description: "Print a valid access token, refreshed first if that is due",
  group: "everyday",
  outputs: ["header", "headers", "credential"],
  args: {
    ...CONNECTION,
    ...STORED,
    ...SCOPE,
    "min-ttl": { type: "string", valueHint: "seconds", description: "Refresh when less than this is left" },
    resource: {
      type: "string",
      valueHint: "uri",
      description: "A token for this API, got by the login's own refresh token",
    },
    via: {
      type: "string",
      valueHint: "connection",
      description:
        "For an MCP server: the login at an identity provider that vouches for you, so that no browser is needed",
    },
    rejected: {
      type: "string",
      valueHint: "-",
      description: "'-' reads the token that an API just refused; refresh only if it is still the stored one",
    },
    challenge: {
      type: "string",
      valueHint: "-",
      description:
        "'-' reads the WWW-Authenticate header with which an API refused a token: refresh, or say which login it takes",
    },
    "show-secret": { type: "boolean", description: "With -o json: the refresh token too" },
    login: { type: "boolean", description: "Log in first if that is what it takes (on a terminal)" },
  },
  examples: [
    ["auth token {a}", "a token that works now"],
    ["auth token {a} -o header | curl -H @- https://…", "as the header of a request, with what goes along"],
    [
      "auth token {a}:work --min-ttl 600 -o credential",
      "good for ten minutes at least, with its end and its headers, as JSON",
    ],
  ],
  run: async (cli, args) =>
    token(cli, {
      argument: args.connection,
      profile: args.profile,
      stored: args.stored ?? false,
      minTtl: (seconds(args["min-ttl"], "--min-ttl") ?? 0) * 1000,
      scopes: args.scope === undefined ? null : (await import("./scopes.ts")).scopes(args.scope),
      resource: resourceOf(args.resource),
      via: args.via,
      ...(await refused(cli, args.rejected, args.challenge)),
      showSecret: args["show-secret"] ?? false,
      login: args.login ?? false,
    }),
});

/** What standard input holds of a refusal. */
async function refused(
  cli: Cli,
  rejected: string | undefined,
  challenge: string | undefined,
): Promise<Pick<TokenOptions, "rejected" | "refusal">> {
  if (rejected === undefined && challenge === undefined) return { rejected: null, refusal: null };
  return (await import("./refusal.ts")).readRefused(cli, rejected, challenge);
}

/** Imports nothing that a fresh token doesn't need. */
export async function token(cli: Cli, options: TokenOptions): Promise<void> {
  await inSession(
    cli,
    async (session) => {
      const { via } = options;
      if (via !== undefined) await (await import("./via.ts")).loginVia(cli, session, { ...options, via });
      const acquired = await acquireOrLogin(cli, session, options);
      if (acquired.warning !== null) cli.output.warn(acquired.warning);
      await cli.context.audit({ event: "token_read", status: "success", connection: acquired.connection });
      if (feature("AUTH_TEST")) await (await import("../platform/faults.ts")).faultPoint("print");
      await print(cli, session, acquired, options);
    },
    {
      // The agent gives no refresh token: it comes from the vault alone.
      reads: !options.showSecret,
      existing: !options.login && options.via === undefined,
    },
  );
}

async function acquireOrLogin(cli: Cli, session: Session, options: TokenOptions): Promise<Acquired> {
  const selected = await select(session, options);
  try {
    return await acquireSelected(session, selected, options);
  } catch (error) {
    if (!options.login || selected.source !== "vault" || !needsLogin(error) || !(await cli.interactive())) throw error;
    const { loginInteractively } = await import("./login/perform.ts");
    await loginInteractively(cli, session, selected.ref, options.scopes);
    return acquireSelected(session, selected, { ...options, rejected: null });
  }
}

async function acquireSelected(
  session: Session,
  selected: Selected,
  { minTtl, rejected, refusal, resource, scopes }: TokenOptions,
): Promise<Acquired> {
  const acquired =
    refusal === null
      ? await acquire(session, selected, minTtl, rejected ?? undefined, resource)
      : await (await import("./challenge.ts")).acquireAfter(session, selected, refusal, minTtl);
  if (scopes !== null && acquired.stored !== null) (await import("./scopes.ts")).requireScopes(acquired.stored, scopes);
  return acquired;
}

/** What a new login ends. */
const LOGIN_HELPS: readonly string[] = [
  "connection_not_found",
  "login_required",
  "token_expired",
  "refresh_token_invalid",
  "rotation_lost",
  "interaction_required",
];

function needsLogin(error: unknown): boolean {
  return error instanceof AuthError && LOGIN_HELPS.includes(error.code);
}

async function print(cli: Cli, session: Session, acquired: Acquired, options: TokenOptions): Promise<void> {
  const { format } = cli.output;
  if (format === "text") return cli.output.text(acquired.token.reveal());
  const [{ headersOf, revealed }, { credentialDocument, tokenDocument }] = await Promise.all([
    import("./headers.ts"),
    import("./token-output.ts"),
  ]);
  const now = session.context.now();
  if (format === "json") return cli.output.json(tokenDocument(acquired, now, options.showSecret));
  const headers = await headersOf(session, acquired);
  switch (format) {
    case "header":
      return cli.output.lines(headers.map(([name, value]) => `${name}: ${value.reveal()}`));
    case "headers":
      return cli.output.json(revealed(headers));
    default:
      return cli.output.json(credentialDocument(acquired, headers, now));
  }
}
