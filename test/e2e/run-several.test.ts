/** `auth run` with several connections: their tokens are fetched side by side (CLI.md §4). */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type HeldHome, heldHome } from "../support/held-home.ts";
import { errorOf } from "../support/logged-in.ts";
import { until } from "../support/until.ts";

let home: HeldHome;
// Due at once: more is asked for than the tokens live.
const DUE = ["--min-ttl", "7200"];
beforeAll(async () => {
  home = await heldHome(["alpha", "beta", "gamma"], 20);
  await Bun.sleep(2_100);
});
afterAll(() => home.stop());

const asked = (): number[] => home.issuers.map((issuer) => issuer.asked());

for (const [title, names] of [
  ["named", ["alpha", "beta", "gamma"]],
  ["the defaults, where none is named", []],
] as const)
  test(`${title}: all are asked before the first has answered, and each goes under its own name`, async () => {
    await Bun.sleep(2_100);
    const before = asked();
    for (const issuer of home.issuers) issuer.hold();
    const ending = home.call(["run", ...names, ...DUE, "--", "sh", "-c", "echo $ALPHA_TOKEN $BETA_TOKEN $GAMMA_TOKEN"]);
    try {
      await until("all three are asked", () => asked().every((count, i) => count === (before[i] ?? 0) + 1));
    } finally {
      for (const issuer of home.issuers) issuer.letGo();
    }
    const { code, stdout, stderr } = await ending;
    expect([code, stdout.trim()]).toEqual([0, home.issuers.map(({ live }) => [...live][0]).join(" ")]);
    expect(stderr).toContain("Injected alpha:default → ALPHA_TOKEN; beta:default → BETA_TOKEN; gamma:default →");
  });

test("one of them fails: it is reported, the command doesn't start, and the others' refreshes are kept", async () => {
  await Bun.sleep(2_100);
  const [alpha, , gamma] = home.issuers;
  gamma?.hold();
  const before = gamma?.asked() ?? 0;
  const ending = home.call(["run", "alpha", "beta:gone", "gamma", ...DUE, "--json", "--", "echo", "started"]);
  await until("the last is asked", () => gamma?.asked() === before + 1);
  await Bun.sleep(300);
  gamma?.letGo();
  const ended = await ending;
  expect([ended.code, ended.stdout]).toEqual([125, ""]);
  expect(errorOf(ended)).toMatchObject({ code: "connection_not_found", connection: "beta:gone" });
  for (const [id, issuer] of [
    ["alpha", alpha],
    ["gamma", gamma],
  ] as const)
    expect((await home.call(["token", id])).stdout.trim()).toBe([...(issuer?.live ?? [])][0] ?? "");
});

test("one connection under two names is refreshed once", async () => {
  await Bun.sleep(2_100);
  const [alpha] = home.issuers;
  const before = alpha?.asked() ?? 0;
  const args = ["run", "-c", "alpha=A", "-c", "alpha:default=B", ...DUE, "--", "sh", "-c", "echo $A $B"];
  const { code, stdout } = await home.call(args);
  const [token] = alpha?.live ?? [];
  expect([code, stdout, alpha?.asked()]).toEqual([0, `${token} ${token}\n`, before + 1]);
});
