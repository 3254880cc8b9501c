import { clockTime, isPaused } from "../connections/failure.ts";
import { likeness, missing } from "../connections/missing.ts";
import { typed } from "../connections/ref.ts";
import { profileOf, select } from "../connections/select.ts";
import { dyingOfInactivity } from "../connections/status.ts";
import { readConnection, type Stored } from "../connections/store.ts";
import { renewalFault } from "../connections/token-endpoint.ts";
import type { ListEntry } from "../connections/view.ts";
import { localTime } from "../platform/local-time.ts";
import { shellWord } from "../platform/shell-word.ts";
import { tableWidth } from "../platform/terminal.ts";
import { withoutQuery } from "../platform/url.ts";
import { type CheckResult, checkToken } from "./check.ts";
import { factLines } from "./columns.ts";
import { connectionArgs, defineCommand, STORED } from "./command.ts";
import type { Cli } from "./context.ts";
import {
  type All,
  allEntries,
  environmentShown,
  markOf,
  meanings,
  type Shown,
  storedShown,
  tellOfFaults,
  tellOfFolder,
} from "./entries.ts";
import { worst } from "./exit.ts";
import { accessTokenLife, authorizationLife, refreshTokenLife } from "./lifetime.ts";
import { inSession, type Session } from "./session.ts";

export default defineCommand({
  name: "status",
  description: "Show where you are logged in, as whom, and for how long",
  group: "everyday",
  args: {
    ...connectionArgs("every connection"),
    ...STORED,
    check: { type: "boolean", description: "Ask the provider whether it still accepts the token" },
  },
  examples: [
    ["auth status", "every connection"],
    ["auth status {a}:work --json", "one, for a program"],
    ["auth status {a} --check", "and whether the provider still accepts it"],
  ],
  run: (cli, args) =>
    inSession(
      cli,
      async (session) => {
        const profile = profileOf(session.context.env, args.connection, args.profile);
        if (args.connection === undefined && profile === undefined) await tellOfFolder(cli, session);
        const { shown, faults } = await shownFor(session, args.connection, profile, args.stored ?? false);
        if (shown.length === 0 && faults.length === 0) return notAuthenticated(cli, session, args.connection);
        const checks = args.check
          ? await Promise.all(shown.map((one) => checkToken(session, one)))
          : shown.map(() => null);
        const now = session.context.now();
        if (cli.output.isJson)
          await cli.output.json(shown.map(({ entry }, i) => ({ ...entry, ...jsonOf(checks[i] ?? null) })));
        else {
          const faults = await Promise.all(shown.map(({ stored }) => faultOf(session, stored)));
          const blocks = shown.map((one, i) => [
            ...describe(one, now),
            ...(faults[i] ?? []),
            ...checkLines(checks[i] ?? null),
          ]);
          const { wrapMessage } = await import("../platform/wrap.ts");
          if (blocks.length > 0)
            await cli.output.text(wrapMessage(blocks.map((lines) => lines.join("\n")).join("\n\n"), tableWidth()));
        }
        return worst([
          tellOfFaults(cli, faults),
          ...shown.map(({ entry }, i) => EXIT_CODES[entry.status] || CHECK_EXIT_CODES[checks[i]?.check ?? "accepted"]),
        ]);
      },
      { reads: !args.check, existing: true },
    ),
});

/** None: the provider is known, but nothing is stored for it. */
async function shownFor(
  session: Session,
  argument: string | undefined,
  profile: string | undefined,
  fromVault: boolean,
): Promise<All> {
  if (argument === undefined && profile === undefined) return allEntries(session);
  const selected = await select(session, { argument, profile, stored: fromVault });
  if (selected.source === "environment")
    return only(environmentShown(await meanings(session), selected.provider, selected.token));
  const vault = await session.vault();
  const stored = vault === null ? null : await readConnection(vault, selected.ref);
  if (stored === null && selected.implicit) return { shown: [], faults: [] };
  if (stored === null) throw await missing(vault, selected.ref);
  return only(storedShown(session, await meanings(session), stored));
}

function only(shown: Shown): All {
  return { shown: [shown], faults: [] };
}

async function notAuthenticated(cli: Cli, session: Session, argument: string | undefined): Promise<number> {
  if (cli.output.isJson) await cli.output.json([]);
  else if (argument === undefined) await cli.output.text("Not authenticated.");
  else {
    await cli.output.text(`Not authenticated. Run 'auth login ${shellWord(argument)}'`);
    const meant = await likeness(await session.vault(), argument);
    if (meant !== null) await cli.output.text(meant);
  }
  return 4;
}

const EXIT_CODES = { not_connected: 4, connected: 0, expired: 5, invalid: 4, misconfigured: 6, unreadable: 8 } as const;
const CHECK_EXIT_CODES = { accepted: 0, unsupported: 0, refused: 4, unreachable: 5 } as const;

/** The error that `token` will report once the token has to be renewed. */
async function faultOf(session: Session, stored: Stored | null): Promise<string[]> {
  if (stored === null) return [];
  const services = await session.services();
  // Only the agent could tell.
  if (services.holder !== undefined) return [];
  const fault = await renewalFault(services, stored.record);
  if (fault === null) return [];
  return [`Can't be renewed: ${fault.message}`, ...(fault.hint?.split("\n") ?? [])].map((line) => `  ${line}`);
}

function jsonOf(checked: CheckResult | null) {
  if (checked === null) return {};
  return checked.reason === null ? { check: checked.check } : { check: checked.check, checkReason: checked.reason };
}

function checkLines(checked: CheckResult | null): string[] {
  if (checked === null) return [];
  return [`  Checked: ${checked.check}${checked.reason === null ? "" : ` (${checked.reason})`}`];
}

function describe({ entry, stored }: Shown, now: number): string[] {
  const facts: [string, string | null][] = [
    [
      "Authenticated as",
      entry.status === "not_connected" || entry.status === "unreadable" ? null : (entry.account ?? "unknown"),
    ],
    ["Organization", entry.organization],
    ["Server", serverOf(stored)],
    ["Host", entry.host],
    ["Access token", accessTokenLife(entry, stored, now)],
    ["Source", entry.source === "vault" ? "vault" : `${entry.source.slice(4)} (environment)`],
    ["Chosen by", entry.folder ?? null],
    ["Scopes", entry.scopes.length === 0 ? null : entry.scopes.join(", ")],
    ["Status", entry.reason === null ? entry.status : `${entry.status} (${entry.reason})`],
    [
      "Last error",
      entry.lastError === null ? null : `${entry.lastError.reason} at ${localTime(Date.parse(entry.lastError.at))}`,
    ],
    ["The provider says", entry.lastError?.detail ?? null],
    ["Refresh token", refreshTokenLife(stored?.record.tokens ?? null, now)],
    ["Login ends", authorizationLife(stored?.record.tokens ?? null, now)],
  ];
  const advice = stored === null ? null : adviceFor(entry, stored, now);
  return [
    `${entry.connection}${markOf(entry)}${wordOf(entry)}`,
    ...factLines(facts),
    ...(advice === null ? [] : [`  ${advice}`]),
  ];
}

/** The API that the login is for, where that isn't at the issuer's host. */
function serverOf(stored: Stored | null): string | null {
  const { asked, resource } = stored?.record.pinned ?? {};
  return asked === undefined || resource === undefined ? null : withoutQuery(resource);
}

/** What the mark means, in words. */
function wordOf(entry: ListEntry): string {
  if (entry.default) return " (default)";
  return entry.providerDefault ? ` (default of ${entry.provider})` : "";
}

function adviceFor(entry: ListEntry, stored: Stored, now: number): string | null {
  const { failure } = stored.record;
  switch (entry.status) {
    case "not_connected":
      return `Not authenticated. Run 'auth login ${typed(stored.ref)}'`;
    case "invalid":
      return `Log in again: auth login ${typed(stored.ref)}`;
    case "misconfigured":
      return failure?.hint?.replaceAll("\n", "\n  ") ?? null;
    case "expired":
      return isPaused(failure, now)
        ? `Not tried again until ${clockTime(failure.retryAt, now)}. Now: auth refresh ${typed(stored.ref)} --force`
        : `Try again: auth token ${typed(stored.ref)}`;
    default:
      if (!dyingOfInactivity(stored.record, now)) return null;
      return `Its refresh token ends soon. Use it: auth refresh --all   (or log in again: auth login ${typed(stored.ref)})`;
  }
}
