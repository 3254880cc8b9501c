/** Setup that is ended at any moment: what it left can be checked, finished, and taken back to the byte. */
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
  return { config, call, isAsBefore };
}

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
