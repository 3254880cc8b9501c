/** `auth upgrade` of the Windows build under wine: out of a zip, and a running program can't be overwritten there. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compileVersion, type Files, makeRelease, newSigner, startReleaseServer } from "../support/release.ts";
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
    let older = "";
    let second: Files;
    let third: Files;

    beforeAll(async () => {
      const release = { url: server.url, keys: [signer.publicKey], platform: "windows-x64" };
      const versions = ["0.1.0", "0.2.0", "0.3.0"];
      const compiled = await Promise.all(versions.map((version) => compileVersion(version, release)));
      older = compiled[0] ?? "";
      [second, third] = [1, 2].map((i) => {
        const binary = readFileSync(compiled[i] ?? "");
        return makeRelease({ version: versions[i] ?? "", platform: "windows-x64", binary, signer });
      }) as [Files, Files];
      wine = await startWine();
      place = join(wine.folder, "place");
      cpSync(join(wine.folder, "bcryptprimitives.dll"), join(place, "bcryptprimitives.dll"));
    }, 120_000);
    afterAll(async () => {
      await wine?.stop();
      await server.stop();
    });

    beforeEach(() => {
      rmSync(join(place, "auth.previous.exe"), { force: true });
      cpSync(older, join(place, "auth.exe"));
      server.files = second;
      server.answer = () => undefined;
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

    test("upgrades and goes back while older versions still run, which are removed once they have ended", async () => {
      const end = Promise.withResolvers<void>();
      server.answer = (path) => (path === "manifest.json" ? slowly(end.promise) : undefined);
      const running = auth("upgrade", "--check");
      while (server.asked.at(-1) !== "manifest.json") await Bun.sleep(50);
      server.answer = () => undefined;
      expect((await auth("upgrade")).code).toBe(0);
      server.files = third;
      const upgraded = await auth("upgrade");
      expect([upgraded.code, upgraded.stderr]).toEqual([0, expect.stringContaining("Upgraded auth 0.2.0 to 0.3.0.")]);
      const back = await auth("upgrade", "--rollback");
      expect([back.code, back.stderr]).toEqual([0, expect.stringContaining("Went back from auth 0.3.0 to 0.2.0.")]);
      end.resolve();
      await running;
      expect((await auth("upgrade")).code).toBe(0);
      expect(programs()).toEqual(["auth.exe", "auth.previous.exe"]);
    }, 120_000);
  },
);

/** An answer of spaces, until the end is told. */
function slowly(end: Promise<void>): Response {
  let ended = false;
  void end.then(() => {
    ended = true;
  });
  return new Response(
    new ReadableStream({
      async pull(controller) {
        await Bun.sleep(200);
        if (ended) controller.close();
        else controller.enqueue(Buffer.from(" "));
      },
    }),
  );
}
