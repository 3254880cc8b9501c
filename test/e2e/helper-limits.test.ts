/** `auth helper` and clients that wait for some seconds only: a refresh goes on, whatever they do to the helper. */
import { describe, expect, test } from "bun:test";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { HELPERS } from "../../src/inject/helpers/table.ts";
import { type HeldHome, heldHome } from "../support/held-home.ts";
import { AUTH, tempFolder } from "../support/program.ts";
import { until } from "../support/until.ts";

/** How each that has a time limit is asked for a token of `forge` at a URL. */
const CALLS: Record<string, (url: string) => { args: string[]; stdin?: string; env?: Record<string, string> }> = {
  bazel: (uri) => ({ args: ["forge:default", "get"], stdin: JSON.stringify({ uri }) }),
  pnpm: () => ({ args: ["forge:default"] }),
  adc: () => ({
    args: ["forge:default"],
    env: { GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE: "urn:ietf:params:oauth:token-type:jwt" },
  }),
  aws: () => ({ args: ["forge:default", "--account", "123456789012", "--role", "reader"] }),
};

/** A home whose token is older than the tenth of its life in which it isn't replaced (RULES.md 2.8). */
async function homeWithDueToken(): Promise<HeldHome> {
  const home = await heldHome(["forge"], 20);
  await Bun.sleep(2_100);
  return home;
}

async function storedToken({ call }: HeldHome): Promise<string> {
  return (
    await call(["get", "forge:default", "--field", "accessToken", "--no-refresh", "--show-secret"])
  ).stdout.trim();
}

async function newTokenIsStored(home: HeldHome): Promise<void> {
  await until("the new token is stored", async () => (await storedToken(home)) === "access-2");
  expect(home.issuers[0]?.asked()).toBe(2);
  expect((await home.call(["refresh", "forge:default", "--force"])).code).toBe(0);
}

test("within the client's time it gets the token that still lives, and the helper has ended", async () => {
  const home = await homeWithDueToken();
  const [issuer] = home.issuers;
  try {
    issuer?.hold();
    const { args, stdin = "" } = CALLS.bazel?.(issuer?.url ?? "") ?? { args: [] };
    const ended = await home.call(["helper", "bazel", "--min-ttl", "300", ...args], { stdin });
    // It has ended although the issuer still holds its request.
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout).headers.Authorization).toEqual(["Bearer access-1"]);
    expect(ended.stderr).toBe("auth: There was no new token within 8 seconds. The current token still works.\n");
    issuer?.letGo();
    await newTokenIsStored(home);
  } finally {
    await home.stop();
  }
}, 60_000);

test("where no other process can be started, the helper itself refreshes", async () => {
  const home = await homeWithDueToken();
  try {
    const program = join(tempFolder(), "auth");
    copyFileSync(AUTH, program);
    const { args, stdin = "" } = CALLS.bazel?.(home.issuers[0]?.url ?? "") ?? { args: [] };
    const child = Bun.spawn([program, "helper", "bazel", "--min-ttl", "300", ...args], {
      env: home.env,
      stdio: ["pipe", "pipe", "ignore"],
    });
    // It has started once it has read a part of the request.
    child.stdin.write(stdin.slice(0, 1));
    await child.stdin.flush();
    await Bun.sleep(300);
    rmSync(program);
    child.stdin.write(stdin.slice(1));
    child.stdin.end();
    expect(JSON.parse(await child.stdout.text()).headers.Authorization).toEqual(["Bearer access-2"]);
  } finally {
    await home.stop();
  }
}, 60_000);

describe("a client that kills the helper and all that it has started loses no login", () => {
  for (const [client, call] of Object.entries(CALLS))
    test(client, async () => {
      const home = await homeWithDueToken();
      const [issuer] = home.issuers;
      try {
        issuer?.hold();
        const { args, stdin = "", env } = call(issuer?.url ?? "");
        const child = Bun.spawn([AUTH, "helper", client, "--min-ttl", "300", ...args], {
          env: { ...home.env, ...env },
          stdio: [new Blob([stdin]), "ignore", "ignore"],
          detached: true,
        });
        await until("the refresh was sent", () => issuer?.asked() === 2);
        process.kill(-child.pid, "SIGKILL");
        await child.exited;
        issuer?.letGo();
        await newTokenIsStored(home);
      } finally {
        await home.stop();
      }
    }, 60_000);

  test("each client with a time limit is tested here, but az, which asks for another API's token", async () => {
    const limited = await Promise.all(
      Object.entries(HELPERS).map(async ([name, { load }]) =>
        (await load()).default.timeLimit === null ? [] : [name],
      ),
    );
    expect([...Object.keys(CALLS), "az"].sort()).toEqual(limited.flat().sort());
  });
});
