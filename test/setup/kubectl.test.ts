/** `auth setup kubectl --context`: the kubeconfig that has the context is changed, however it is written. */
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paste } from "../support/home.ts";
import { auth, bareEnvironment, tempFolder } from "../support/program.ts";

/** Two kubeconfigs, of which the second has the context. */
async function setUp(context: string, first: string, second: string) {
  const home = tempFolder();
  const [one, two] = [join(home, "one"), join(home, "two")];
  writeFileSync(one, first);
  writeFileSync(two, second);
  const env = bareEnvironment({ HOME: home, KUBECONFIG: `${one}:${two}` });
  mkdirSync(join(home, "auth"), { mode: 0o700 });
  await paste(env, "github:work", "a-token");
  const ended = await auth(["setup", "kubectl", "github:work", "--name", "me", "--context", context, "--yes"], { env });
  return { ...ended, first: readFileSync(one, "utf8"), second: readFileSync(two, "utf8") };
}

const OTHERS = "clusters:\n- name: here\n  cluster: {}\nusers:\n- name: old\n  user: {}\n";

test.each([
  ["here", "contexts:\n- name: here\n  context: {cluster: here, user: old}\n"],
  ["two words", 'contexts:\n- name: "two words"\n  context: {cluster: here, user: old}\n'],
  ["it's", "contexts: [{context: {cluster: here, user: old}, name: it's}]\n"],
  ["folded", "contexts:\n- context: {cluster: here, user: old}\n  name:\n    folded\n"],
])("%s, in the second file, where the first has a cluster of some such name", async (context, second) => {
  const done = await setUp(context, OTHERS, second);
  expect([done.code, done.stderr]).toEqual([0, expect.any(String)]);
  expect(done.second).toBe(second.replace("user: old", 'user: "me"'));
  expect(done.first).toStartWith(OTHERS.slice(0, OTHERS.indexOf("users:")));
});

test("a context that no file has is 64, and nothing is changed", async () => {
  const second = "contexts:\n- name: there\n  context: {cluster: here, user: old}\n";
  const done = await setUp("here", OTHERS, second);
  expect([done.code, done.first, done.second]).toEqual([64, OTHERS, second]);
  expect(done.stderr).toContain("no kubeconfig with the context 'here'");
});
