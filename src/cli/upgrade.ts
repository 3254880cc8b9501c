import { dirname } from "node:path";
import { version } from "../../package.json";
import type { Environment } from "../platform/context.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { RELEASE, type Release } from "../release/origin.ts";
import { defineCommand } from "./command.ts";
import type { Cli } from "./context.ts";

export default defineCommand({
  name: "upgrade",
  description: "Replace this program with the newest release, once its signature is checked",
  group: "setup",
  args: {
    check: { type: "boolean", description: "Only say whether there is a newer release" },
    rollback: { type: "boolean", description: "Go back to the version that the last upgrade replaced" },
  },
  examples: [
    ["auth upgrade", "the newest release, in the place of this one"],
    ["auth upgrade --check", "is there a newer one?"],
    ["auth upgrade --rollback", "the version before; asks nothing of the network"],
  ],
  run: async (cli, { check, rollback }) => {
    if (check && rollback) throw usage("--check and --rollback don't go together.");
    if (rollback) return rollBack(cli);
    const release = releaseOrThrow();
    await (check ? tellNewest(cli, release) : upgrade(cli, release));
  },
});

function releaseOrThrow(): Release {
  if (RELEASE !== null) return RELEASE;
  throw new AuthError("upgrade_unavailable", "This build has no place to upgrade from: it was made from a clone.", {
    hint: "Get the newer sources, and run in their folder: npm run build",
  });
}

async function tellNewest(cli: Cli, release: Release): Promise<void> {
  const [{ newestRelease }, { managerOf }, { ownPath }] = await Promise.all([
    import("../release/manifest.ts"),
    import("../release/managers.ts"),
    import("../platform/own-program.ts"),
  ]);
  const { version: newest } = await newestRelease(release, cli.context.now());
  const newer = Bun.semver.order(newest, version) > 0;
  if (cli.output.isJson) return cli.output.json({ current: version, newest, newer });
  const way = managerOf(ownPath())?.way ?? "Run: auth upgrade";
  const hint = newer ? way : "There is no newer one.";
  await cli.output.text(`This is auth ${version}; the newest release is ${newest}. ${hint}`);
}

async function upgrade(cli: Cli, release: Release): Promise<void> {
  const path = await replaceablePath(["upgrade"]);
  const [{ newestRelease }, { versionOf, previousPath }] = await Promise.all([
    import("../release/manifest.ts"),
    import("../release/place.ts"),
  ]);
  const { env, now } = cli.context;
  const installed = await versionOf(path, env);
  const manifest = await newestRelease(release, now());
  const newest = manifest.version;
  if (Bun.semver.order(newest, installed) <= 0) return tellUnchanged(cli, installed, newest);
  cli.output.say(`Getting auth ${newest} from ${release.url} …`);
  const [{ binaryOf }, { whileLocked }, { replaceOwn }] = await Promise.all([
    import("../release/archive.ts"),
    import("../release/lock.ts"),
    import("../release/replace.ts"),
  ]);
  const binary = await binaryOf(manifest, release);
  await whileLocked(dirname(path), async () => {
    // Another upgrade may have been faster.
    const from = await versionOf(path, env);
    if (Bun.semver.order(newest, from) <= 0) return tellUnchanged(cli, from, newest);
    await replaceOwn(path, binary, (program) => requireRuns(program, newest, env));
    const document = { upgraded: true, from, to: newest, path, previous: previousPath(path) };
    await cli.output.result(document, `Upgraded auth ${from} to ${newest}.`);
    await restartAgent(cli, path);
    cli.output.say("To go back: auth upgrade --rollback");
  });
}

/** An agent that runs is the old version's: the new one takes its place, and asks for the passphrase where it has to. */
async function restartAgent(cli: Cli, path: string): Promise<void> {
  const { runningAgent } = await import("./agent/start.ts");
  if ((await runningAgent(cli)) === null) return;
  const child = Bun.spawn([path, "agent", "start"], {
    env: { ...cli.context.env },
    stdio: ["inherit", "ignore", "inherit"],
  });
  if ((await child.exited) !== 0)
    cli.output.warn("The agent that runs is still the old one. Replace it: auth agent start");
}

/** @param installed the program's version: no older than the newest release */
function tellUnchanged(cli: Cli, installed: string, newest: string): Promise<void> {
  const text =
    installed === newest
      ? `auth ${installed} is the newest release.`
      : `auth ${installed} is newer than the newest release, ${newest}.`;
  return cli.output.result({ upgraded: false, from: installed, to: installed, newest }, text);
}

async function rollBack(cli: Cli): Promise<void> {
  const path = await replaceablePath(["upgrade", "--rollback"]);
  const [{ whileLocked }, { requireOwnPrevious, unavailable, versionOf }, { restorePrevious }] = await Promise.all([
    import("../release/lock.ts"),
    import("../release/place.ts"),
    import("../release/replace.ts"),
  ]);
  const { env } = cli.context;
  await whileLocked(dirname(path), async () => {
    const previous = requireOwnPrevious(path);
    const [from, to] = [await versionOf(path, env), await versionOf(previous, env)];
    if (from === to) throw unavailable(`${previous} is auth ${to}, as ${path} is: there is nothing to go back to.`);
    await restorePrevious(path, previous);
    await cli.output.result({ upgraded: true, from, to, path }, `Went back from auth ${from} to ${to}.`);
  });
}

/**
 * Where this program is.
 *
 * @param args what was typed
 * @throws AuthError `upgrade_unavailable` where it is a package manager's, or another user's
 */
async function replaceablePath(args: readonly string[]): Promise<string> {
  const [{ managerOf }, { ownPath }, { requireReplaceable, unavailable }] = await Promise.all([
    import("../release/managers.ts"),
    import("../platform/own-program.ts"),
    import("../release/place.ts"),
  ]);
  const path = ownPath();
  const manager = managerOf(path);
  if (manager !== null) throw unavailable(`This program belongs to ${manager.name}.`, manager.way);
  requireReplaceable(path, args);
  return path;
}

/** Runs the new program before it replaces this one: a correct download may still not run here. */
async function requireRuns(program: string, wanted: string, env: Environment): Promise<void> {
  const { unavailable, versionOf } = await import("../release/place.ts");
  const found = await versionOf(program, env, "The new version");
  if (found !== wanted) throw unavailable(`The new version says that it is ${found}.`);
}
