/** `auth upgrade` of the Windows build under wine: out of a zip, and a running program can't be overwritten there. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compileVersion, makeRelease, newSigner, startReleaseServer } from "../support/release.ts";
import { reasonToSkip } from "./platform.ts";
import { startWine, WINDOWS, type Wine, windowsPath } from "./wine.ts";

const skipped = reasonToSkip(WINDOWS);

describe.skipIf(skipped !== null)(
  `upgrade on windows under wine${skipped === null ? "" : `, which ${skipped}`}`,
  () => {
    const signer = newSigner();
    const server = startReleaseServer();
    let wine: Wine;
    let place = "";

    beforeAll(async () => {
      const release = { url: server.url, keys: [signer.publicKey], platform: "windows-x64" };
      const [older, newer] = await Promise.all(["0.1.0", "0.2.0"].map((version) => compileVersion(version, release)));
      server.files = makeRelease({
        version: "0.2.0",
        platform: "windows-x64",
        binary: readFileSync(newer ?? ""),
        signer,
      });
      wine = await startWine();
      place = join(wine.folder, "place");
      cpSync(older ?? "", join(place, "auth.exe"));
      cpSync(join(wine.folder, "bcryptprimitives.dll"), join(place, "bcryptprimitives.dll"));
    }, 120_000);
    afterAll(async () => {
      await wine?.stop();
      await server.stop();
    });

    const auth = (...args: string[]) => wine.run([windowsPath(join(place, "auth.exe")), ...args]);
    const programs = () => readdirSync(place).filter((name) => name.endsWith(".exe"));

    test("replaces the running program, keeps the one before, and goes back to it", async () => {
      const upgraded = await auth("upgrade", "--json");
      expect([upgraded.code, upgraded.stderr]).toEqual([0, ""]);
      expect(JSON.parse(upgraded.stdout)).toMatchObject({ upgraded: true, from: "0.1.0", to: "0.2.0" });
      expect((await auth("--version")).stdout).toBe("auth 0.2.0\n");
      expect(programs()).toEqual(["auth.exe", "auth.previous.exe"]);
      expect((await auth("upgrade", "--rollback")).code).toBe(0);
      expect((await auth("--version")).stdout).toBe("auth 0.1.0\n");
      expect(programs()).toEqual(["auth.exe", "auth.previous.exe"]);
    }, 120_000);
  },
);
