/** A program behind the proxy has the token nowhere, and neither has anything that it or the proxy leaves (CLI.md §4, §5). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Authority, makeAuthority } from "../support/authority.ts";

import { lacking } from "../support/needs.ts";
import { AUTH, run, tempFolder } from "../support/program.ts";
import { type ProxyHome, proxyHome } from "../support/proxy-home.ts";
import { until } from "../support/until.ts";

/** Each token that the issuer gives begins so; a placeholder goes on with other characters. */
const TOKEN = "access-481516";

let authority: Authority;
let home: ProxyHome;
const shown = new Set<string>();
beforeAll(async () => {
  authority = await makeAuthority();
  home = await proxyHome(
    1,
    {
      // It shows the token that it got.
      "/v1/echo": ({ headers }, response) => {
        const token = headers.authorization?.slice("Bearer ".length) ?? "";
        const isRight = home.issuers[0]?.live.has(token) ?? false;
        if (isRight) shown.add(token);
        response.writeHead(isRight ? 200 : 401, { "x-token": token }).end(`the token is ${token}`);
      },
    },
    authority,
    "localhost",
    '[environment]\nbaseUrl = { ACME_BASE_URL = "/v1" }\n',
  );
});
afterAll(() => home.stop());

describe.skipIf(lacking("linux", "requests"))(
  "through three expiries, in the program's memory, environment and files:",
  () => {
    const program = (address: string): string => `
import os, time, urllib.request
while not os.path.exists(os.environ["ENOUGH"]):
    request = urllib.request.Request(${address}, headers={"Authorization": "Bearer " + os.environ["ACME_TOKEN"]})
    print(urllib.request.urlopen(request).read(), flush=True)
    time.sleep(0.05)
print("done", flush=True)
time.sleep(60)`;
    for (const [way, flags, address] of [
      ["as HTTPS_PROXY", [], () => `"${home.api.origin}/v1/echo"`],
      ["by address", ["--base-url"], () => 'os.environ["ACME_BASE_URL"] + "/echo"'],
    ] as const)
      test(`${way}, no token, but what it was given in its place`, async () => {
        const folder = tempFolder();
        const [script, enough, log] = ["program.py", "enough", "log"].map((name) => join(folder, name)) as [
          string,
          string,
          string,
        ];
        writeFileSync(script, program(address()));
        const output = openSync(log, "w");
        const child = Bun.spawn([AUTH, "run", "--proxy", "acme", "-v", ...flags, "--", "/usr/bin/python3", script], {
          env: { ...home.env, ENOUGH: enough },
          stdio: ["ignore", output, output],
        });
        closeSync(output);
        try {
          shown.clear();
          await until("it has shown four tokens", () => shown.size >= 4);
          writeFileSync(enough, "");
          await until("it is done", () => readFileSync(log, "utf8").includes("done"));
          const [pid = ""] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ");
          const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
          const [, placeholder = "none"] = /ACME_TOKEN=(access-[0-9a-z]{32})\0/.exec(environment) ?? [];
          const memory = memoryOf(pid);
          const has = (text: string): boolean => memory.some((piece) => piece.includes(text));
          expect([has("Authorization"), has(placeholder), has("the token is *******")]).toEqual([true, true, true]);
          expect([has(TOKEN), environment.includes(TOKEN)]).toEqual([false, false]);
          for (const folder of [home.env.HOME as string, log])
            expect((await run(["grep", "-rlF", TOKEN, folder])).stdout).toBe("");
          expect(readFileSync(log, "utf8")).toContain("the token is *******");
        } finally {
          child.kill("SIGKILL");
          await child.exited;
        }
      }, 60_000);
  },
);

describe("killed by SIGKILL at any moment", () => {
  test("it leaves nothing that keeps the next one from working, and nothing to be found", async () => {
    const own = await proxyHome(3600, { "/never": () => {} });
    try {
      const script = `while :; do curl -sS -H "Authorization: Bearer $ACME_TOKEN" -m 0.2 ${own.api.origin}/never; done`;
      for (let round = 0; round < 8; round++) {
        const child = Bun.spawn([AUTH, "run", "--proxy", "acme", "-q", "--", "timeout", "20", "sh", "-c", script], {
          env: own.env,
          stdio: ["ignore", "ignore", "ignore"],
          detached: true,
        });
        // From before it listens to when requests are under way.
        await Bun.sleep(round * 60);
        process.kill(-child.pid, "SIGKILL");
        await child.exited;
        const next = ["run", "--proxy", "acme", "-q", "--", "curl", "-sS", "-H", `Authorization: Bearer $ACME_TOKEN`];
        expect(await own.call(["token", "acme"])).toMatchObject({ code: 0, stdout: `${own.token()}\n` });
        expect((await own.call([...next, `${own.api.origin}/x`])).code).toBe(0);
      }
      for (const secret of [own.token(), "PRIVATE KEY"])
        expect((await run(["grep", "-rlF", secret, own.env.HOME as string])).stdout).toBe("");
    } finally {
      await own.stop();
    }
  }, 60_000);
});

/** What can be read of a process's memory, piece by piece. */
function memoryOf(pid: string): Buffer[] {
  const pieces: Buffer[] = [];
  const memory = openSync(`/proc/${pid}/mem`, "r");
  for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
    const [, from = "0", to = "0"] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? [];
    const size = Number.parseInt(to, 16) - Number.parseInt(from, 16);
    if (size === 0 || size > 256 * 1024 * 1024 || line.includes("[v")) continue;
    const piece = Buffer.alloc(size);
    try {
      readSync(memory, piece, 0, size, Number.parseInt(from, 16));
      pieces.push(piece);
    } catch {
      // A page that is only reserved.
    }
  }
  closeSync(memory);
  return pieces;
}
