import { checkName, display, isAddress, parseNamed, vaultName } from "../connections/ref.ts";
import type { FoundAt, Looked } from "../import/look.ts";
import type { Where } from "../import/source.ts";
import { SOURCE_IDS } from "../import/source-ids.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { commandLine } from "../platform/shell-word.ts";
import { defineCommand } from "./command.ts";
import type { Cli } from "./context.ts";
import type { Planned } from "./import/plan.ts";
import { inSession, type Session } from "./session.ts";
import { oneOf } from "./suggest.ts";

export default defineCommand({
  name: "import",
  description: "Take over logins, tokens and keys that other programs keep",
  group: "setup",
  args: {
    source: {
      type: "positional",
      required: false,
      completes: SOURCE_IDS,
      description: "Whose: gh, gcloud, az, netrc, …; without it, what was found everywhere is listed",
    },
    connection: {
      type: "positional",
      required: false,
      variadic: true,
      description: "Only what becomes these connections",
    },
    move: {
      type: "boolean",
      description: "Take it out of its place, too, with a backup: the only way to take a refresh token",
    },
    yes: { type: "boolean", alias: "y", description: "Don't ask" },
    force: { type: "boolean", description: "Replace what is here under that name" },
    profile: { type: "string", alias: "p", valueHint: "name", description: "Keep it under this name" },
    file: { type: "string", valueHint: "path", description: "The file, where it isn't at its usual place" },
    "client-id": {
      type: "string",
      valueHint: "id",
      description: "The client of a login whose program doesn't record it",
    },
    verify: { type: "boolean", default: true, negativeDescription: "Don't ask the provider whose a token is" },
  },
  examples: [
    ["auth import", "what there is on this machine; nothing is taken"],
    ["auth import gh --yes", "copy gh's tokens"],
    ["auth import az --move", "take az's login over: it has to log in again"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const options = {
        move: args.move ?? false,
        force: args.force ?? false,
        verify: args.verify ?? true,
        clientId: args["client-id"] ?? null,
        name: args.profile === undefined ? null : checkName(args.profile),
      };
      const where = await whereOf(cli, args.file);
      if (args.source === undefined) {
        if (options.move || args.file !== undefined || options.name !== null)
          throw usage("Import from where?", "Name the source: auth import <source>\nSee what there is: auth import");
        return (await import("./import/list.ts")).listFound(cli, session, where, options);
      }
      const looked = await lookAtOne(args.source, where);
      const { planImport } = await import("./import/plan.ts");
      const plan = await planImport(session, looked.found, { ...options, name: null });
      const wanted = await chosen(session, plan, args._.slice(1));
      const all = options.name === null ? wanted : await planImport(session, theOne(looked.source.id, wanted), options);
      const { importAll } = await import("./import/import-all.ts");
      return importAll(cli, session, looked, all, {
        ...options,
        words: args._.slice(1),
        file: args.file ?? null,
        yes: args.yes ?? false,
      });
    }),
});

async function whereOf({ context: { env, now } }: Cli, file: string | undefined): Promise<Where> {
  const [{ absolutePath }, { surroundingsOf }] = await Promise.all([
    import("../platform/paths.ts"),
    import("../platform/places.ts"),
  ]);
  const named = file === undefined ? null : absolutePath(file, process.platform);
  return { ...surroundingsOf(env), now: now(), file: named };
}

async function lookAtOne(name: string, where: Where): Promise<Looked> {
  const [{ SOURCES }, { lookAt }] = await Promise.all([import("../import/sources.ts"), import("../import/look.ts")]);
  const word = name.toLowerCase();
  const named = SOURCES.find(({ id, otherNames = [] }) => id === word || otherNames.includes(word));
  if (named !== undefined) return lookAt(named, where);
  throw usage(`There is no source '${oneOf("source", name, SOURCE_IDS)}'.`);
}

/** The finds that become the named connections. @throws AuthError `connection_not_found` where none becomes one of them */
async function chosen(
  session: Session,
  all: readonly Planned[],
  words: readonly string[],
): Promise<readonly Planned[]> {
  if (words.length === 0) return all;
  const names = await Promise.all(
    words.map(async (word) => {
      if (isAddress(word)) throw usage(`'${word}' is no connection's name.`);
      const { provider, name } = parseNamed(word, undefined);
      const id = (await session.registry.idOf(provider)) ?? provider;
      return { word, provider: id, name };
    }),
  );
  for (const { word, provider, name } of names)
    if (!all.some(({ ref }) => ref !== null && fits(ref, provider, name)))
      throw new AuthError("connection_not_found", `Nothing that was found becomes ${word}.`, {
        hint: "See what there is: auth import",
      });
  return all.filter(({ ref }) => ref !== null && names.some(({ provider, name }) => fits(ref, provider, name)));
}

/** The one that `-p` names. @throws AuthError `usage` where several would be imported */
function theOne(source: string, all: readonly Planned[]): FoundAt[] {
  const [one, ...others] = all.filter(({ ref, action }) => ref !== null && action !== "held" && action !== "remove");
  if (one?.ref == null || others.length === 0) return all.map(({ found }) => found);
  const command = commandLine(["auth", "import", source, display(one.ref), "-p", "NAME"]);
  throw usage("-p names one connection, and several would be taken.", `Name the one: ${command}`);
}

function fits(ref: { provider: string; name: string }, provider: string, name: string | null): boolean {
  return name === null ? ref.provider === provider : vaultName(ref) === vaultName({ provider, name });
}
