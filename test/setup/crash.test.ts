/** Setup that is ended at any moment: what it left can be checked, finished, and taken back to the byte. */
import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { TEST_BUILD } from "../proofs/proof-home.ts";
import { bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";

const BEFORE = '{ "auths": {} }';
const SET_UP = ["setup", "docker", "--host", "registry.example", "--yes"];

function makeHome() {
  const home = tempFolder();
  const bin = join(home, ".local", "bin");
  const config = join(home, ".docker", "config.json");
  for (const folder of [bin, join(home, ".docker")]) mkdirSync(folder, { recursive: true });
  writeFileSync(config, BEFORE);
  chmodSync(config, 0o600);
  symlinkSync(TEST_BUILD, join(bin, "auth"));
  const env = { ...bareEnvironment({ HOME: home }), PATH: `${bin}:/usr/bin:/bin` };
  const call = (args: readonly string[], fault = ""): Promise<Ended> =>
    run([join(bin, "auth"), ...args], { env: { ...env, AUTH_TEST_FAULT: fault } });
  const isAsBefore = (): boolean =>
    readFileSync(config, "utf8") === BEFORE && !existsSync(join(bin, "docker-credential-auth"));
  return { home, config, call, isAsBefore };
}

const DRAFTED = ["setup-drafted", "setup-record-drafted", "setup-record-drafted#2"].map((at) => `${at}:kill`);
const UNDO = ["setup", "docker", "--undo", "--yes"];

function draftsIn(home: string): string[] {
  return readdirSync(home, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(".auth-setup-"));
}

for (const moment of DRAFTED)
  for (const next of [SET_UP, UNDO])
    test(`ended at ${moment}: the next '${next[2] === "--undo" ? "--undo" : "setup"}' leaves no draft`, async () => {
      const { home, call, isAsBefore } = makeHome();
      expect((await call(SET_UP, moment)).signal).toBe("SIGKILL");
      expect(draftsIn(home)).toHaveLength(1);
      expect(await call(next)).toMatchObject({ code: 0 });
      expect(draftsIn(home)).toEqual([]);
      expect(await call(UNDO)).toMatchObject({ code: 0 });
      expect(isAsBefore()).toBe(true);
    });

test("a draft where a link led goes, and what only has such a name stays", async () => {
  const { home, config, call } = makeHome();
  const real = join(home, "dotfiles", "docker");
  mkdirSync(dirname(real));
  renameSync(config, real);
  symlinkSync(real, config);
  const id = crypto.randomUUID();
  const others = [`${real}.auth-setup-old`, `${real}.auth-setup-${id}.bak`, `${config}2.auth-setup-${id}`];
  for (const other of others) writeFileSync(other, "");
  const [folder, link] = [`${real}.auth-setup-${crypto.randomUUID()}`, `${real}.auth-setup-${crypto.randomUUID()}`];
  mkdirSync(folder);
  symlinkSync(real, link);
  const theirs = [...others, folder, link].map((path) => relative(home, path)).sort();
  await call(SET_UP, "setup-drafted:kill");
  expect(draftsIn(home)).toHaveLength(theirs.length + 1);
  expect(await call(UNDO)).toMatchObject({ code: 0 });
  expect(draftsIn(home).sort()).toEqual(theirs);
});

test("folders that were made before it was ended go with --undo", async () => {
  const { home, config, call } = makeHome();
  rmSync(dirname(config), { recursive: true });
  expect((await call(SET_UP, "setup-drafted:kill")).signal).toBe("SIGKILL");
  expect(existsSync(dirname(config))).toBe(true);
  expect(await call(UNDO)).toMatchObject({ code: 0 });
  expect(existsSync(dirname(config))).toBe(false);
  expect(draftsIn(home)).toEqual([]);
});

/** The moments: before and after each of the two files is written. The first is a link, the second the configuration. */
const MOMENTS = ["setup-recorded", "setup-written", "setup-written#2"].map((at) => `${at}:kill`);

for (const moment of MOMENTS) {
  test(`ended at ${moment}: it is told, finished by the same command, and taken back`, async () => {
    const { config, call, isAsBefore } = makeHome();
    expect((await call(SET_UP, moment)).signal).toBe("SIGKILL");
    const checked = await call(["setup", "docker", "--check"]);
    expect(checked.code).toBe(moment === "setup-written#2:kill" ? 0 : 1);
    expect(await call(SET_UP)).toMatchObject({ code: 0 });
    expect(await call(["setup", "docker", "--check"])).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(config, "utf8")).credHelpers).toEqual({ "registry.example": "auth" });
    expect(await call(["setup", "docker", "--undo", "--yes"])).toMatchObject({ code: 0 });
    expect(isAsBefore()).toBe(true);
  });

  test(`ended at ${moment}: taken back at once`, async () => {
    const { call, isAsBefore } = makeHome();
    await call(SET_UP, moment);
    expect(await call(["setup", "docker", "--undo", "--yes"])).toMatchObject({ code: 0 });
    expect(isAsBefore()).toBe(true);
  });

  test(`taking back, ended at ${moment}: told, and taken back`, async () => {
    const { call, isAsBefore } = makeHome();
    await call(SET_UP);
    expect((await call(["setup", "docker", "--undo", "--yes"], moment)).signal).toBe("SIGKILL");
    expect((await call(["setup", "docker", "--check"])).code).toBe(moment === "setup-recorded:kill" ? 0 : 1);
    expect(await call(["setup", "docker", "--undo", "--yes"])).toMatchObject({ code: 0 });
    expect(isAsBefore()).toBe(true);
  });

  test(`a second host, ended at ${moment}: the first one's setup stands, and all of it goes`, async () => {
    const { config, call, isAsBefore } = makeHome();
    await call(SET_UP);
    const second = SET_UP.map((word) => word.replace("registry", "second"));
    await call(second, moment);
    expect(readFileSync(config, "utf8")).toContain("registry.example");
    expect(await call(["setup", "docker", "--check", "--host", "registry.example"])).toMatchObject({ code: 0 });
    expect(await call(["setup", "docker", "--undo", "--host", "registry.example", "--yes"])).toMatchObject({ code: 0 });
    expect(readFileSync(config, "utf8")).not.toContain("registry.example");
    expect(await call(["setup", "--undo", "--yes"])).toMatchObject({ code: 0 });
    expect(isAsBefore()).toBe(true);
  });
}
