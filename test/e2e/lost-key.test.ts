/** A vault whose key is gone opens with nothing else: the way out is said, with the commands that go it. */
import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paste } from "../support/home.ts";
import { auth, bareEnvironment, type Ended, run } from "../support/program.ts";

const LOSSES: Readonly<Record<string, (home: string) => void>> = {
  "the key file is gone": (home) => rmSync(join(home, "key")),
  "the key file is another vault's": (home) => writeFileSync(join(home, "key"), "", { mode: 0o600 }),
  "the vault is damaged": (home) => writeFileSync(join(home, "vault.db"), "no vault".repeat(1000)),
};

for (const [what, lose] of Object.entries(LOSSES))
  test(`${what}: the commands that are printed begin a new vault, and the warning comes first`, async () => {
    const env = bareEnvironment({ HOME: join(bareEnvironment().HOME ?? "", "it's a home") });
    await paste(env, "github", "a-token");
    lose(String(env.AUTH_HOME));
    const refused = await auth(["token", "github"], { env });
    expect(refused.code).toBe(8);
    expect(refused.stderr.split("mv ")[0]).toMatch(/logins in (this vault|it) are lost|begin with a new one/);
    const move = /(mv .*)/.exec(refused.stderr)?.[1] ?? "";
    expect(await run(["sh", "-c", move], { env })).toMatchObject({ code: 0 });
    const login: Ended = await auth(["login", "github", "--token", "-", "--no-verify"], { env, stdin: "b-token" });
    expect([login.code, (await auth(["token", "github"], { env })).stdout]).toEqual([0, "b-token\n"]);
  });
