import { needsPerson } from "../connections/failure.ts";
import { type Outcome, reportOf, tokenOf } from "../connections/outcome.ts";
import { madeFrom } from "../connections/pin.ts";
import { display, typed } from "../connections/ref.ts";
import { refreshConnection } from "../connections/refresh.ts";
import { select } from "../connections/select.ts";
import { notFound, requireConnection, type Stored } from "../connections/store.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { defineCommand, seconds } from "./command.ts";
import type { Cli } from "./context.ts";
import { CONNECTION, STORED } from "./selector.ts";
import { inSession } from "./session.ts";

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
    inSession(cli, async (session) => {
      const minTtl = (seconds(args["min-ttl"], "--min-ttl") ?? 0) * 1000;
      if (args.all) {
        if ((args.connection ?? args.profile) !== undefined)
          throw usage("--all and a connection contradict each other.");
        return (await import("./refresh-all.ts")).refreshAll(cli, session, { minTtl, force: args.force ?? false });
      }
      const selector = { argument: args.connection, profile: args.profile, stored: args.stored ?? false };
      const selected = await select(session, selector);
      if (selected.source === "environment") throw environmentToken(selected.token.variable);
      const vault = await session.vault();
      if (vault === null) throw notFound(selected.ref);
      refuseUnrefreshable(await requireConnection(vault, selected.ref));
      const options = {
        minTtl,
        force: args.force ?? false,
        implicit: selected.mustAgree,
        rejected: null,
      };
      const services = { context: session.context, registry: session.registry, vault };
      return report(cli, await refreshConnection(services, selected.ref, options));
    }),
});

async function report(cli: Cli, outcome: Outcome): Promise<void> {
  const { warning, error } = reportOf(outcome, cli.context.now());
  if (outcome.kind === "failed") throw error;
  // A token that could be stored nowhere is handed over where it was asked for: it is not kept anywhere else.
  if (error !== null && !printsToken(cli)) throw error;
  if (error === null && warning !== null) cli.output.warn(warning);
  await show(cli, outcome);
  if (error !== null) throw error;
}

function printsToken({ output }: Cli): boolean {
  return output.format === "token" || output.format === "token-json";
}

async function show(cli: Cli, outcome: Exclude<Outcome, { kind: "failed" }>): Promise<void> {
  const refreshed = outcome.kind === "refreshed";
  const now = cli.context.now();
  const expiresAt = outcome.stored.record.tokens?.expiresAt ?? null;
  const left = expiresAt === null ? null : Math.max(0, expiresAt - now);
  if (printsToken(cli))
    await cli.context.audit({ event: "token_read", status: "success", connection: display(outcome.stored.ref) });
  switch (cli.output.format) {
    case "json":
      return cli.output.json((await import("./refresh-document.ts")).refreshDocument(outcome, now));
    case "token":
      return cli.output.text(tokenOf(outcome.stored).reveal());
    case "token-json": {
      const { stored } = outcome;
      const acquired = {
        provider: stored.ref.provider,
        connection: display(stored.ref),
        token: tokenOf(stored),
        settings: stored.record.settings,
        stored,
        warning: null,
      };
      return cli.output.json((await import("./token.ts")).tokenDocument(acquired, now, false));
    }
    default:
      return tell(cli, outcome.stored, refreshed, left);
  }
}

async function tell(cli: Cli, stored: Stored, refreshed: boolean, left: number | null): Promise<void> {
  const { duration } = await import("../connections/view.ts");
  if (refreshed) {
    const expiry = left === null ? "Its expiry is unknown." : `Expires in ${duration(left)}.`;
    cli.output.success(`Token refreshed successfully. ${expiry}`);
  } else {
    cli.output.say(
      left === null ? "Token still valid. Its expiry is unknown." : `Token still valid (expires in ${duration(left)}).`,
    );
    cli.output.say("Use --force to refresh anyway.");
  }
  const { isTerminal } = await import("../platform/terminal.ts");
  if (!(await isTerminal(1))) cli.output.say(`To print the token: auth refresh ${typed(stored.ref)} -o token`);
}

function environmentToken(variable: string): AuthError {
  return new AuthError("env_token", "Cannot refresh an environment variable token.", {
    hint: `Token refresh is only available for OAuth sessions.\nUpdate ${variable} to change your token.`,
  });
}

/** Kinds that have no refresh token by nature (CLI.md §4's table). */
function refuseUnrefreshable(stored: Stored): void {
  const { ref, record } = stored;
  if (record.tokens === null || record.tokens.refreshToken !== null) return;
  // The remedy of a refused client is `refresh --force`; without it, what is wrong is told as `status` tells it.
  if (record.mint !== undefined && needsPerson(record)) return;
  const connection = display(ref);
  if (record.kind === "api-key")
    throw new AuthError("api_key", "API keys never refresh.", {
      hint: `Replace it: auth login ${connection} --token -`,
      connection,
    });
  if (record.mint !== undefined)
    throw new AuthError(
      "no_refresh_token",
      `no refresh token available for ${ref.provider} (${ref.name}): ${madeFrom(record).flow}.`,
      { hint: `This login needs none: 'auth token ${connection}' gets a new token when this one is due.`, connection },
    );
  if (record.kind === "oauth")
    throw new AuthError(
      "no_refresh_token",
      `no refresh token available for ${ref.provider} (${ref.name}): none was given.`,
      {
        hint: "The provider gave an access token alone: one that never expires, or the client wasn't granted more (offline_access).",
        connection,
      },
    );
  throw new AuthError("no_refresh_token", "No refresh token available. You may be using a manual API token.", {
    hint: `Run 'auth login ${typed(ref)} --force' to authenticate with OAuth and enable auto-refresh.`,
    connection,
  });
}
