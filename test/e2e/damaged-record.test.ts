/** A record that doesn't open any more: said, kept, and given up only when a person says so. */
import { describe, expect, test } from "bun:test";
import { flipped, fromTheFuture, putValue, recordsOf } from "../support/damage.ts";
import { browserHome, paste } from "../support/home.ts";
import { auth, bareEnvironment } from "../support/program.ts";

const KEY = "7".repeat(31);

async function home(): Promise<{ env: Record<string, string>; vault: string }> {
  const env = bareEnvironment({ AUTH_KEY: Buffer.from(`${KEY}x`).toString("base64") });
  const { code, stderr } = await auth(["login", "apikey:one", "--token", "-"], { env, stdin: "key-one" });
  if (code !== 0) throw new Error(stderr);
  return { env, vault: `${env.AUTH_HOME}/vault.db` };
}

describe("a damaged record", () => {
  test("is an error that names it and the way out, and login --force replaces it", async () => {
    const { env, vault } = await home();
    const [row] = recordsOf(vault);
    if (row === undefined) throw new Error("no record");
    putValue(vault, { ...row, value: flipped(row.value, row.value.length - 3) });
    const broken = await auth(["token", "apikey:one"], { env });
    expect(broken.code).toBe(8);
    expect(broken.stderr).toContain("apikey:one");
    expect(broken.stderr).toContain("auth login apikey:one --force");
    const again = await auth(["login", "apikey:one", "--token", "-", "--force"], { env, stdin: "key-two" });
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("nothing was revoked");
    expect((await auth(["token", "apikey:one"], { env })).stdout).toBe("key-two\n");
  });

  test("of a newer version is never replaced, not even by --force", async () => {
    const { env, vault } = await home();
    const [row] = recordsOf(vault);
    if (row === undefined) throw new Error("no record");
    const newer = fromTheFuture(row);
    putValue(vault, newer);
    const refused = await auth(["login", "apikey:one", "--token", "-", "--force"], { env, stdin: "key-two" });
    expect(refused.code).toBe(8);
    expect(refused.stderr).toContain("newer version");
    expect(recordsOf(vault)[0]?.value).toEqual(newer.value);
  });
});

test("a client is kept where a damaged record may be of another connection that uses it", async () => {
  const at = await browserHome({ revokeNeedsSecret: false });
  try {
    const vault = `${at.env.AUTH_HOME}/vault.db`;
    const before = new Set(recordsOf(vault).map(({ key }) => key));
    await paste(at.env, "sentry:broken", "pasted");
    const row = recordsOf(vault).find(({ key }) => !before.has(key));
    if (row === undefined) throw new Error("no record");
    putValue(vault, { ...row, value: flipped(row.value, row.value.length - 3) });
    expect((await at.call(["revoke", "sentry:default", "--forget-client"])).code).toBe(0);
    expect(JSON.parse((await at.call(["client", "list", "--json"])).stdout)).toHaveLength(1);
  } finally {
    await at.stop();
  }
});
