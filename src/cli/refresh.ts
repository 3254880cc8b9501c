import { needsPerson } from "../connections/failure.ts";
import { type Outcome, reportOf } from "../connections/outcome.ts";
import { madeFrom } from "../connections/pin.ts";
import { display, typed } from "../connections/ref.ts";
import { refreshConnection } from "../connections/refresh.ts";
import { select } from "../connections/select.ts";
import { requireConnection, type Stored } from "../connections/store.ts";
import { duration, iso } from "../connections/view.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { isTerminal } from "../platform/terminal.ts";
import { acquiredFrom } from "./acquire.ts";
import { CONNECTION, defineCommand, STORED, seconds } from "./command.ts";
import type { Cli } from "./context.ts";
import { inSession, servicesFor } from "./session.ts";

export default defineCommand({
  name: "refresh",
  description: "Refresh a token now, if that is due",
  group: "everyday",
  outputs: ["token", "token-json"],
  args: {
    ...CONNECTION,
    ...STORED,
    force: { type: "boolean", description: "Refresh a token that is still good, whatever the back-off" },
    all: { type: "boolean", description: "Every login in the vault, and those that would die of inactivity" },
    "min-ttl": { type: "string", valueHint: "seconds", description: "Refresh when less than this is left" },
  },
  examples: [
    ["auth refresh {a}", "refreshed only if that is due"],
    ["auth refresh {a} --force", "does the refresh token still work?"],
    ["auth refresh --all --min-ttl 2100 -q", "from cron, every 30 minutes"],
  ],
  run: (cli, args) =>
    inSession(
      cli,
      async (session) => {
        const minTtl = (seconds(args["min-ttl"], "--min-ttl") ?? 0) * 1000;
        if (args.all) {
          if ((args.connection ?? args.profile) !== undefined)
            throw usage("--all and a connection contradict each other.");
          return (await import("./refresh-all.ts")).refreshAll(cli, session, { minTtl, force: args.force ?? false });
        }
        const selector = { argument: args.connection, profile: args.profile, stored: args.stored ?? false };
        const selected = await select(session, selector);
        if (selected.source === "environment") throw environmentToken(selected.token.variable);
        const services = await servicesFor(session, selected.ref);
        refuseUnrefreshable(await requireConnection(services.vault, selected.ref));
        const options = { minTtl, force: args.force ?? false, mustAgree: selected.mustAgree, rejected: null };
        return report(cli, await refreshConnection(services, selected.ref, options));
      },
      { existing: true },
    ),
});

/** A successful refresh, with or without a new token. */
type Renewed = Exclude<Outcome, { kind: "failed" }>;

async function report(cli: Cli, outcome: Outcome): Promise<void> {
  const { warning, error } = reportOf(outcome, cli.context.now());
  if (outcome.kind === "failed") throw error;
  // A token that could not be stored is printed if the command prints tokens: it exists nowhere else.
  if (error !== null && !printsToken(cli)) throw error;
  if (error === null && warning !== null) cli.output.warn(warning);
  await show(cli, outcome);
  if (error !== null) throw error;
}

function printsToken({ output }: Cli): boolean {
  return output.format === "token" || output.format === "token-json";
}

async function show(cli: Cli, outcome: Renewed): Promise<void> {
  const { stored } = outcome;
  const now = cli.context.now();
  if (printsToken(cli))
    await cli.context.audit({ event: "token_read", status: "success", connection: display(stored.ref) });
  switch (cli.output.format) {
    case "json":
      return cli.output.json(refreshDocument(outcome, now));
    case "token":
      return cli.output.text(acquiredFrom(stored, null).token.reveal());
    case "token-json":
      return cli.output.json((await import("./token-output.ts")).tokenDocument(acquiredFrom(stored, null), now, false));
    default:
      return say(cli, outcome, now);
  }
}

function say({ output }: Cli, outcome: Renewed, now: number): void {
  const expiresAt = outcome.stored.record.tokens?.expiresAt ?? null;
  const left = expiresAt === null ? null : duration(Math.max(0, expiresAt - now));
  if (outcome.kind === "refreshed")
    output.success(`Token refreshed successfully. ${left === null ? "Its expiry is unknown." : `Expires in ${left}.`}`);
  else {
    output.say(left === null ? "Token still valid. Its expiry is unknown." : `Token still valid (expires in ${left}).`);
    output.say("Use --force to refresh anyway.");
  }
  if (!isTerminal(1)) output.say(`To print the token: auth refresh ${typed(outcome.stored.ref)} -o token`);
}

export interface RefreshDocument {
  readonly success: true;
  readonly refreshed: boolean;
  readonly message: string;
  /** Seconds from now; null without expiry. */
  readonly expiresIn: number | null;
  readonly expiresAt: string | null;
}

export function refreshDocument(outcome: Renewed, now: number): RefreshDocument {
  const refreshed = outcome.kind === "refreshed";
  const expiresAt = outcome.stored.record.tokens?.expiresAt ?? null;
  return {
    success: true,
    refreshed,
    message: refreshed ? "Token refreshed successfully" : "Token still valid",
    expiresIn: expiresAt === null ? null : Math.floor(Math.max(0, expiresAt - now) / 1000),
    expiresAt: expiresAt === null ? null : iso(expiresAt),
  };
}

function environmentToken(variable: string): AuthError {
  return new AuthError("env_token", "Cannot refresh an environment variable token.", {
    hint: `Token refresh is only available for OAuth sessions.\nUpdate ${variable} to change your token.`,
  });
}

/** Kinds that have no refresh token by nature (CLI.md §4's table). */
function refuseUnrefreshable({ ref, record }: Stored): void {
  if (record.tokens === null || record.tokens.refreshToken !== null) return;
  // The remedy of a refused client is `refresh --force`; without it, the error is the one that `status` shows.
  if (record.mint !== undefined && needsPerson(record)) return;
  const connection = display(ref);
  const refuse = (code: "api_key" | "no_refresh_token", message: string, hint: string): never => {
    throw new AuthError(code, message, { hint, connection });
  };
  const none = `no refresh token available for ${ref.provider} (${ref.name})`;
  if (record.kind === "api-key")
    refuse("api_key", "API keys never refresh.", `Replace it: auth login ${connection} --token -`);
  if (record.mint !== undefined)
    refuse(
      "no_refresh_token",
      `${none}: ${madeFrom(record).flow}.`,
      `This login needs none: 'auth token ${connection}' gets a new token when this one is due.`,
    );
  if (record.kind === "oauth")
    refuse(
      "no_refresh_token",
      `${none}: none was given.`,
      "The provider gave an access token alone: one that never expires, or the client wasn't granted more (offline_access).",
    );
  refuse(
    "no_refresh_token",
    "No refresh token available. You may be using a manual API token.",
    `Run 'auth login ${typed(ref)} --force' to authenticate with OAuth and enable auto-refresh.`,
  );
}
