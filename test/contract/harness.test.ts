/** Every provider that comes with the program, played as its description says (RULES.md 6.6: consistent, not correct). */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { checkContract } from "../../src/contract/contract.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import { readManifest } from "../../src/providers/plugins/manifest.ts";
import { definitions } from "../providers/builtin.ts";

const CATALOGUE = join(import.meta.dir, "..", "..", "providers", "catalog");

/** What each kind of flow must have been tried with: a test that tries nothing would pass anything. */
const TRIED: Readonly<Record<string, string>> = {
  device: "login by device",
  browser: "login by browser",
  token: "login by token",
  code: "login by code",
  "client-credentials": "client-credentials: the client's secret",
  exchange: "exchange: another issuer's token",
};

for (const definition of definitions)
  test(definition.id, async () => {
    const checks = await checkContract(definition);
    expect(checks.filter(({ status }) => status === "fail")).toEqual([]);
    const passed = checks.filter(({ status }) => status === "ok").map(({ name }) => name);
    for (const choice of definition.flows) {
      const flow = typeof choice === "string" ? choice : choice.flow;
      if (flow === "jwt") expect(passed.some((name) => name.startsWith("jwt: "))).toBe(true);
      else expect(passed).toContain(TRIED[flow] ?? "");
      if (flow === "device" || flow === "browser")
        for (const name of ["refresh", "rotation", "a dead grant", "a refused client", "trouble that passes"])
          expect(passed).toContain(name);
    }
  });

describe.if(existsSync(CATALOGUE))("the catalogue", async () => {
  const files = existsSync(CATALOGUE) ? [...new Glob("*.toml").scanSync(CATALOGUE)].sort() : [];
  for (const file of files)
    test(file, async () => {
      const definition = parseDefinition(await readManifest(await Bun.file(join(CATALOGUE, file)).text(), file), file);
      expect(`${definition.id}.toml`).toBe(file);
      const checks = await checkContract(definition);
      expect(checks.filter(({ status }) => status === "fail")).toEqual([]);
    });
});
