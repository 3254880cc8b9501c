/** What the test build can do, the release can't: no fault point and no mutant is in it (RULES.md 6.1). */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Mutant } from "../../src/platform/faults.ts";
import { AUTH } from "../support/program.ts";
import { LOGIN, mustFail, TEST_BUILD, withProofHome } from "./proof-home.ts";

const NAMES = [
  "AUTH_TEST_FAULT",
  "AUTH_TEST_MUTANT",
  "AUTH_TEST_LIMITS",
  "AUTH_TEST_LEAK",
  "(injected at",
  "reply-read",
  "reply-learn",
  "reply-prepare",
  "vault-commit",
  "lock-off",
  "reread-off",
  "note-off",
  "print-before-commit",
  "cas-off",
  "adoption-off",
  "redaction-off",
  "validate-before-commit",
];

test("the release holds none of their names; the test build holds them all", () => {
  const [release, testBuild] = [AUTH, TEST_BUILD].map((path) => readFileSync(path));
  expect(NAMES.filter((name) => release?.includes(name))).toEqual([]);
  expect(NAMES.filter((name) => !testBuild?.includes(name))).toEqual([]);
});

/** A refresh token is handed to the debug log on purpose: it must not be found in what was written. */
async function leaksNothing(mutant?: Mutant): Promise<void> {
  await withProofHome(async (home) => {
    const secret = (await home.tokens()).refresh;
    const { code, stderr } = await home.run(["-v", "token", LOGIN], { mutant, env: { AUTH_TEST_LEAK: "1" } });
    expect(code).toBe(0);
    const logs = join(home.folder, "logs");
    const sinks = {
      stderr,
      log: readdirSync(logs)
        .map((file) => readFileSync(join(logs, file), "utf8"))
        .join(""),
    };
    for (const [sink, text] of Object.entries(sinks)) {
      expect(text).toContain("leaked: ");
      expect({ sink, leaked: text.includes(secret) }).toEqual({ sink, leaked: false });
    }
  });
}

test("a secret that slips into a log is masked there", () => leaksNothing());

test("the proof fails without what it proves: redaction-off", () =>
  mustFail(() => leaksNothing("redaction-off"), /"leaked": true/));
