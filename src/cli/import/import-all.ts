/** Shows what would be imported from a source, asks, and imports it, one after the other. */
import { findDefault, updateDefaults } from "../../connections/defaults.ts";
import { display } from "../../connections/ref.ts";
import type { Looked } from "../../import/look.ts";
import { Backups } from "../../import/remove.ts";
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { deferSignals } from "../../platform/signals.ts";
import type { Cli } from "../context.ts";
import { asAuthError } from "../exit.ts";
import { requireConsent } from "../input.ts";
import { createLoginUi } from "../login/ui.ts";
import type { Session } from "../session.ts";
import type { Planned } from "./plan.ts";
import { entryOf, kindWords, planLine, takenKind } from "./show.ts";
import { type Taken, type Taking, take } from "./take.ts";

type ImportOptions = Taking["options"] & {
  readonly yes: boolean;
  /** As they were typed. */
  readonly words: readonly string[];
  readonly file: string | null;
};

export async function importAll(
  cli: Cli,
  session: Session,
  looked: Looked,
  all: readonly Planned[],
  options: ImportOptions,
): Promise<void> {
  const { source, refused } = looked;
  if (all.length === 0) throw refused[0]?.error ?? nothingThere(looked);
  for (const { error } of refused) cli.output.warn(error.message);
  const taking = all.filter(isTaken);
  for (const one of all) cli.output.say(`${source.id}: ${planLine(one)}`);
  if (taking.length > 0) await askFirst(cli, source.id, taking, options);
  await takeAll(cli, session, all, options);
}

function isTaken({ action }: Planned): boolean {
  return action === "move" || action === "copy" || action === "remove";
}

function refs(all: readonly Planned[]): string[] {
  return all.flatMap(({ ref }) => (ref === null ? [] : [display(ref)]));
}

function nothingThere({ source, absent, empty }: Looked): AuthError {
  const places = [
    ...(empty.length > 0 ? [`Looked into: ${escapeText(empty.join(", "))}`] : []),
    ...(absent.length > 0 ? [`Not there: ${escapeText(absent.join(", "))}`] : []),
  ];
  if (places.length === 0) places.push("None of its files is there.");
  return new AuthError("connection_not_found", `Nothing of ${source.title}'s was found.`, {
    hint: [...places, "Another place: --file <path>"].join("\n"),
  });
}

async function askFirst(cli: Cli, source: string, taking: readonly Planned[], options: ImportOptions): Promise<void> {
  const { move, yes } = options;
  const question = move ? "Take these over, and take them out of their places?" : "Copy these?";
  await requireConsent(cli, question, yes, `To take what is listed: ${commandFor(source, taking, options)}`);
}

/** The same command with `--yes`. */
function commandFor(source: string, taking: readonly Planned[], options: ImportOptions): string {
  // Before the import, what -p names is found under another name.
  const named = options.name === null ? refs(taking) : [...options.words, "-p", options.name];
  return commandLine(["auth", "import", source, ...named, ...flagsOf(options), "--yes"]);
}

function flagsOf({ move, force, verify, clientId, file }: ImportOptions): string[] {
  return [
    ...(file === null ? [] : ["--file", file]),
    ...(clientId === null ? [] : ["--client-id", clientId]),
    ...(move ? ["--move"] : []),
    ...(force ? ["--force"] : []),
    ...(verify ? [] : ["--no-verify"]),
  ];
}

async function takeAll(cli: Cli, session: Session, all: readonly Planned[], options: ImportOptions): Promise<void> {
  const { context } = session;
  const backups = new Backups(context.paths.backups, context.now());
  const ui = await createLoginUi(cli, { browser: false, qr: false, callback: false, timeout: null, form: null });
  const unasked = (one: Planned): string => commandFor(one.found.source.id, [one], { ...options, verify: false });
  const errors: AuthError[] = [];
  const done: Planned[] = [];
  // A signal waits: a file's copy and new text hold secrets, and must not be left behind.
  const signals = deferSignals();
  const interruption = signals.signal;
  try {
    for (const one of all) {
      if (!isTaken(one)) {
        if (cli.output.isJson) await cli.output.event({ event: "left", ...entryOf(one) });
        continue;
      }
      const error = interruption.aborted
        ? notBegun(one)
        : await takeOne(cli, session, one, { ui, backups, options, unasked, interruption });
      if (error === null) done.push(one);
      else errors.push(namingCopy(error, backups.of(one.found.path)));
    }
    await chooseAsThere(cli, session, done);
    await cli.output.done();
    if (errors.length > 0) signals.handled();
  } finally {
    ui.close();
    signals.release();
  }
  const first = errors.find(({ code }) => code === "interrupted") ?? errors[0];
  for (const one of errors) if (one !== first) cli.output.warn([one.message, ...(one.hint?.split("\n") ?? [])]);
  if (first !== undefined) throw first;
  if (done.length > 0 || all.some(({ action }) => action === "held")) return;
  throw new AuthError("import_refused", "Nothing was taken.", {
    hint: all.map(({ found: { path }, reason }) => escapeText(`${path}: ${reason ?? "it is here already"}`)).join("\n"),
  });
}

/** Where a provider has several connections and no default, the one that its program uses becomes the default. */
async function chooseAsThere(cli: Cli, session: Session, done: readonly Planned[]): Promise<void> {
  for (const { found, ref } of done) {
    if (found.isChosen === undefined || ref === null) continue;
    const { vault } = await session.services();
    const { several } = await findDefault(vault, ref.provider);
    if (several.length === 0) continue;
    await updateDefaults(vault, (defaults) => ({
      ...defaults,
      providers: { ...defaults.providers, [ref.provider]: ref.name },
    }));
    if (cli.output.isJson) await cli.output.event({ event: "chosen", connection: display(ref) });
    cli.output.say(`${ref.provider} now means ${display(ref)}, which ${found.source.title} uses.`);
  }
}

/** Adds the path of the file's copy to an error. */
function namingCopy(error: AuthError, backup: string | null): AuthError {
  if (backup === null) return error;
  const hint = [...(error.hint === undefined ? [] : [error.hint]), copyLine(backup)].join("\n");
  return error.restated({ hint });
}

function copyLine(backup: string): string {
  return `The file as it was, with its secrets: ${escapeText(backup)}`;
}

function notBegun({ ref, found: { path } }: Planned): AuthError {
  const what = ref === null ? path : display(ref);
  return new AuthError("interrupted", `Interrupted. Not taken: ${what}, from ${path}.`, {
    hint: "It is where it was.",
  });
}

/** @returns why it wasn't imported, or its refresh failed; null: neither */
async function takeOne(
  cli: Cli,
  session: Session,
  one: Planned,
  how: Omit<Taking, "services">,
): Promise<AuthError | null> {
  const at: { connection?: string } = one.ref === null ? {} : { connection: display(one.ref) };
  try {
    const taken = await take({ services: await session.services(), ...how }, one);
    await cli.context.audit({ event: "import", status: "success", ...at });
    await tellTaken(cli, one, taken);
    return taken.refresh?.error ?? null;
  } catch (error) {
    const known = asAuthError(error);
    const { code, message, detail = null } = known;
    await cli.context.audit({ event: "import", status: "failure", ...at, code, message, detail });
    const { connection } = at;
    const isNamed = connection === undefined || message.includes(connection);
    return known.restated({ ...at, ...(!isNamed && { message: `${connection}: ${message}` }) });
  }
}

async function tellTaken(cli: Cli, planned: Planned, { ref, backup, refresh }: Taken): Promise<void> {
  const { found, action } = planned;
  const { source, path } = found;
  const connection = display(ref);
  const moved = backup !== null;
  const refreshed = refresh?.done ?? false;
  const kind = takenKind(planned);
  if (cli.output.isJson)
    await cli.output.event({
      event: "imported",
      connection,
      source: source.id,
      place: path,
      kind,
      moved,
      backup,
      refreshed,
    });
  const what = action === "remove" ? "was here already; its old copy is gone" : moved ? "moved here" : "copied";
  cli.output.success(`${connection}: ${kindWords(kind)} ${what}, from ${path}`);
  if (backup !== null) cli.output.say(`  ${copyLine(backup)}`);
  if (refreshed) cli.output.say("  It was due, and has been refreshed: the login works.");
}
