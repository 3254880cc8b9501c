import { version } from "../../package.json";
import { AuthError, usage } from "../platform/errors.ts";
import { RELEASE, type Release } from "../platform/release.ts";
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
    if (!check) await requireUnmanaged();
    const { newestRelease, isNewer } = await import("../platform/release-files.ts");
    const manifest = await newestRelease(release, cli.context.now());
    const newer = isNewer(manifest.version);
    if (check) return tellNewest(cli, manifest.version, newer);
    if (!newer) {
      const upgraded = { upgraded: false, from: version, to: version };
      return cli.output.result(upgraded, `auth ${version} is the newest release.`);
    }
    await upgrade(cli, release, manifest);
  },
});

function releaseOrThrow(): Release {
  if (RELEASE !== null) return RELEASE;
  throw new AuthError("upgrade_unavailable", "This build has no place to upgrade from: it was made from a clone.", {
    hint: "Get the newer sources, and run in their folder: npm run build",
  });
}

async function tellNewest(cli: Cli, newest: string, newer: boolean): Promise<void> {
  if (cli.output.isJson) return cli.output.json({ current: version, newest, newer });
  const hint = newer ? `Get it: ${(await managed())?.command ?? "auth upgrade"}` : "There is no newer one.";
  await cli.output.text(`This is auth ${version}; the newest release is ${newest}. ${hint}`);
}

async function upgrade(cli: Cli, release: Release, manifest: { version: string } & Parameters<BinaryOf>[0]) {
  const [{ binaryOf }, { ownPath, previousPath, replaceOwn }] = await Promise.all([
    import("../platform/release-files.ts"),
    import("../platform/own-binary.ts"),
  ]);
  const path = ownPath();
  cli.output.say(`Getting auth ${manifest.version} from ${release.url} …`);
  const binary = await binaryOf(manifest, release);
  await replaceOwn(path, binary, (program) => requireRuns(program, manifest.version));
  const document = { upgraded: true, from: version, to: manifest.version, path, previous: previousPath(path) };
  await cli.output.result(document, `Upgraded auth ${version} to ${manifest.version}.`);
  cli.output.say("To go back: auth upgrade --rollback");
}

type BinaryOf = typeof import("../platform/release-files.ts").binaryOf;

async function rollBack(cli: Cli): Promise<void> {
  await requireUnmanaged();
  const { ownPath, restorePrevious } = await import("../platform/own-binary.ts");
  const path = ownPath();
  let to = "";
  await restorePrevious(path, async (program) => {
    to = await versionOf(program);
  });
  await cli.output.result({ upgraded: true, from: version, to, path }, `Went back from auth ${version} to ${to}.`);
}

async function managed() {
  const { managerOf, ownPath } = await import("../platform/own-binary.ts");
  return managerOf(ownPath());
}

async function requireUnmanaged(): Promise<void> {
  const manager = await managed();
  if (manager === null) return;
  throw new AuthError("upgrade_unavailable", `This program belongs to ${manager.name}, which upgrades it.`, {
    hint: `Run: ${manager.command}`,
  });
}

/** What was downloaded may be right and yet not run here: it is started before it takes the place of one that does. */
async function requireRuns(program: string, wanted: string): Promise<void> {
  const found = await versionOf(program);
  if (found !== wanted) throw unfit(`it says that it is ${found}`);
}

async function versionOf(program: string): Promise<string> {
  try {
    const child = Bun.spawn([program, "--version"], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
    const [text, code] = await Promise.all([child.stdout.text(), child.exited]);
    const [, found] = /^auth (\S+)\n$/.exec(text) ?? [];
    if (code === 0 && found !== undefined) return found;
    throw unfit(`it ended with ${child.signalCode ?? `exit code ${code}`}`);
  } catch (error) {
    throw error instanceof AuthError ? error : unfit((error as Error).message);
  }
}

function unfit(reason: string): AuthError {
  return new AuthError("upgrade_unavailable", `The other version doesn't run on this machine: ${reason}.`, {
    hint: "Nothing was changed.",
  });
}
