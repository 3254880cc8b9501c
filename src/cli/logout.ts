import { type LoggedOut, type LogoutRequest, logout, sharingGrant } from "../connections/logout.ts";
import { missing } from "../connections/missing.ts";
import { display } from "../connections/ref.ts";
import { environmentTokens, profileOf } from "../connections/select.ts";
import type { Services } from "../connections/services.ts";
import { readConnection, type Stored } from "../connections/store.ts";
import { AuthError, errorCode, usage } from "../platform/errors.ts";
import { deferSignals, interruptedExitCode } from "../platform/signals.ts";
import { storeAt } from "../vault/store.ts";
import { connectionArgs, defineCommand } from "./command.ts";
import type { Cli } from "./context.ts";
import { asAuthError } from "./exit.ts";
import { requireConsent } from "./input.ts";
import { inSession, type Session } from "./session.ts";
import { connectionsOf, selectStored } from "./stored.ts";

export default defineCommand({
  name: "logout",
  description: "Revoke a login at its provider and erase it here",
  group: "everyday",
  args: {
    ...connectionArgs("the only one there is"),
    all: { type: "boolean", description: "Every connection" },
    yes: { type: "boolean", alias: "y", description: "Don't ask" },
  },
  examples: [
    ["auth logout {a}", "the default login"],
    ["auth logout {a}:work", "that one"],
    ["auth logout --all --yes", "everything"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      if (args.all && (args.connection ?? args.profile) !== undefined)
        throw usage("--all and a connection contradict each other.");
      const targets = args.all
        ? await allToEnd(cli, session, args.yes ?? false)
        : [await connectionToEnd(cli, session, args.connection, args.profile)];
      await endLogins(cli, session, targets, { yes: args.yes ?? false }, args.all ? (all) => all : undefined);
    }),
});

interface Ending {
  /** `revoke` keeps the settings, so that the next login needs no flags. */
  readonly keepSettings?: boolean;
  readonly forgetClient?: boolean;
  /** Don't ask about other logins that revoking would end. */
  readonly yes: boolean;
}

/**
 * Ends logins one after the other, and prints what happened. An interruption ends the wait for the provider: the login
 * under way is erased here, no other is begun, and the process ends with 128 + the signal's number.
 *
 * @param document what is printed as JSON
 */
export async function endLogins(
  cli: Cli,
  session: Session,
  targets: readonly Stored[],
  { keepSettings = false, forgetClient = false, yes }: Ending,
  document: (results: readonly LoggedOut[]) => unknown = ([only]) => only,
): Promise<void> {
  const services = await session.services();
  const signals = deferSignals();
  const request = { keepSettings, forgetClient, interruption: signals.signal };
  const results: LoggedOut[] = [];
  try {
    for (const target of targets) results.push(await endLogin(cli, services, target, request, yes));
    if (cli.output.isJson) await cli.output.json(document(results));
  } catch (error) {
    if (!signals.signal.aborted) throw error;
    const kept = targets.slice(results.length).map(({ ref }) => display(ref));
    const isOneOfSeveral = errorCode(error) === "interrupted" && targets.length > 1;
    cli.output.error(isOneOfSeveral ? interruptedAmong(kept) : asAuthError(error), interruptedExitCode());
  } finally {
    if (signals.signal.aborted) await cli.output.done();
    signals.release();
  }
}

function interruptedAmong(kept: readonly string[]): AuthError {
  return new AuthError("interrupted", `Interrupted. Not logged out of ${kept.join(", ")}.`, {
    hint: "To log out of the rest: auth logout --all",
  });
}

/** The connection to end: never guessed among several, and never one in the environment (CLI.md §1). */
export async function connectionToEnd(
  cli: Cli,
  session: Session,
  argument: string | undefined,
  profile: string | undefined,
): Promise<Stored> {
  const vault = await session.vault();
  const name = profileOf(session.context.env, argument, profile);
  if (argument === undefined && name === undefined) {
    const all = await connectionsOf(session);
    const [only, ...others] = all;
    if (others.length > 0)
      throw new AuthError("ambiguous_connection", "Which connection? There are several.", {
        hint: `Name one of: ${all.map(({ ref }) => display(ref)).join(", ")}`,
      });
    if (only !== undefined) {
      await warnOfVariables(cli, session, only.ref.provider);
      return only;
    }
    await refuseEnvironmentToken(session, null);
    throw new AuthError("connection_not_found", "You are not logged in anywhere.", {
      hint: "There is nothing to log out of. To log in: auth login <provider>",
    });
  }
  const selected = await selectStored(session, argument, name);
  const stored = vault === null ? null : await readConnection(vault, selected.ref);
  if (selected.implicit && stored !== null) await warnOfVariables(cli, session, selected.ref.provider);
  if (stored !== null) return stored;
  if (selected.implicit) await refuseEnvironmentToken(session, selected.ref.provider);
  throw await missing(vault, selected.ref);
}

/** Reports a token in the environment, which other commands prefer. @param provider null: all of them */
async function warnOfVariables(cli: Cli, session: Session, provider: string | null): Promise<void> {
  for (const { provider: of, token } of await environmentTokens(session))
    if (provider === null || of === provider)
      cli.output.warn(`${token.variable} is set, and stays: only the login in the vault is ended.`);
}

/** Nothing is stored, but the environment holds a token: unsetting its variable ends that. */
async function refuseEnvironmentToken(session: Session, provider: string | null): Promise<void> {
  const found = (await environmentTokens(session)).find((token) => provider === null || token.provider === provider);
  if (found !== undefined)
    throw new AuthError("env_token", `This token is in the environment, not in the vault.`, {
      hint: `Unset ${found.token.variable}`,
    });
}

async function allToEnd(cli: Cli, session: Session, yes: boolean): Promise<readonly Stored[]> {
  const all = await connectionsOf(session);
  await warnOfVariables(cli, session, null);
  if (all.length === 0) {
    cli.output.say("Nothing is stored.");
    return [];
  }
  const names = all.map(({ ref }) => display(ref)).join(", ");
  const count = `${all.length} ${all.length === 1 ? "connection" : "connections"}`;
  await requireConsent(
    cli,
    `Log out of ${names}?`,
    yes,
    "To do so: auth logout --all --yes",
    `This logs out of ${count}.`,
  );
  return all;
}

/** Ends one login and reports it. Where revoking would end another's grant too, a person decides. */
async function endLogin(
  cli: Cli,
  services: Services,
  stored: Stored,
  request: Omit<LogoutRequest, "revoke">,
  yes: boolean,
): Promise<LoggedOut> {
  const sharing = await sharingGrant(services, stored);
  const { interruption } = request;
  const revoke = sharing.length === 0 || (await mayEndOthers(cli, stored, sharing, yes, interruption));
  if (interruption.aborted) throw nothingDone(stored);
  const result = await logout(services, stored, { ...request, revoke });
  await cli.context.audit({
    event: request.keepSettings ? "revoke" : "logout",
    status: "success",
    connection: result.connection,
    message: result.revoked === true ? "revoked at the provider" : "erased here only",
  });
  const done = request.keepSettings ? "Revoked" : "Logged out of";
  const erased = storeAt(cli.context).isShared ? "erased for every machine of the shared vault" : "erased here";
  if (interruption.aborted && result.revoked === false)
    cli.output.warn(
      `Interrupted: ${result.connection} is ${erased}, but the provider was not waited for and may not have revoked the token.`,
    );
  else if (result.revoked === true)
    cli.output.success(`${done} ${result.connection}: revoked at the provider, ${erased}.`);
  else if (result.revoked === false)
    cli.output.warn(`${result.connection} was ${erased}, but the provider did not confirm that it revoked the token.`);
  else cli.output.success(`${done} ${result.connection}: ${erased}. Nothing was revoked at the provider.`);
  return result;
}

function nothingDone({ ref }: Stored): AuthError {
  return new AuthError("interrupted", `Interrupted. Nothing was done: ${display(ref)} is kept.`);
}

/** @throws AuthError `interrupted` at a signal, which ends the question although it is held back */
async function mayEndOthers(
  cli: Cli,
  stored: Stored,
  sharing: readonly string[],
  yes: boolean,
  interruption: AbortSignal,
): Promise<boolean> {
  if (interruption.aborted) throw nothingDone(stored);
  const others = sharing.join(", ");
  if (!yes && (await cli.interactive())) {
    const { confirm } = await import("../platform/prompt.ts");
    const question = `Revoking ${display(stored.ref)} at the provider may also end ${others}. Revoke all the same?`;
    try {
      return await confirm(question);
    } catch (error) {
      throw errorCode(error) === "interrupted" ? nothingDone(stored) : error;
    }
  }
  cli.output.warn(`${display(stored.ref)} is only erased here: revoking it could end ${others} too.`);
  return false;
}
