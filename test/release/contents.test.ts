import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { BUN_COMPONENTS } from "../../.ci/release/bun-components.ts";
import { type Bundled, bundledPackages } from "../../.ci/release/bundled.ts";
import { thirdPartyLicences } from "../../.ci/release/licences.ts";
import { billOfMaterials } from "../../.ci/release/sbom.ts";

describe("what a release says of its contents", () => {
  let packages: readonly Bundled[] = [];
  beforeAll(() => {
    packages = bundledPackages();
  }, 60_000);

  test("names every package that the source imports at run time, and none that only the tests use", async () => {
    const names = packages.map(({ name }) => name);
    const imported = new Set<string>();
    for (const path of new Bun.Glob("{src,providers}/**/*.ts").scanSync()) {
      const transpiler = new Bun.Transpiler({ loader: "ts" });
      for (const { path: from } of transpiler.scanImports(await Bun.file(path).text())) {
        const name = /^(@[^/]+\/)?[a-z][^/:]*/.exec(from)?.[0];
        if (name !== undefined && !from.startsWith("auth/") && !/^(bun|node):|^bun$/.test(from)) imported.add(name);
      }
    }
    expect([...imported].filter((name) => !names.includes(name))).toEqual([]);
    for (const name of ["typescript", "fast-check", "oidc-provider", "resedit"]) expect(names).not.toContain(name);
    expect(names).toContain("ofetch");
  });

  test("has the text of each licence, and of Bun's, and where the LGPL's libraries are", () => {
    const text = thirdPartyLicences(packages, readFileSync("LICENSE", "utf8"));
    for (const { name, version, license, text: terms } of packages) {
      expect(text).toContain(`${name} ${version} (${license})`);
      expect(text).toContain(terms);
      expect(terms).toMatch(/copyright/i);
    }
    expect(text).toContain(`Bun ${Bun.version} (MIT)`);
    expect(text).toContain("JavaScriptCore (WebKit): LGPL-2.0-only\n    https://github.com/oven-sh/webkit");
  });

  test("is a bill of materials in CycloneDX, the same for the same", () => {
    const made = billOfMaterials("0.1.0", "2026-01-01T00:00:00Z", packages);
    expect(billOfMaterials("0.1.0", "2026-01-01T00:00:00Z", packages)).toBe(made);
    const { bomFormat, specVersion, components, dependencies } = JSON.parse(made);
    expect({ bomFormat, specVersion }).toEqual({ bomFormat: "CycloneDX", specVersion: "1.6" });
    expect(components).toHaveLength(packages.length + 1 + BUN_COMPONENTS.length);
    const references: string[] = components.map((component: { "bom-ref": string }) => component["bom-ref"]);
    expect(new Set(references).size).toBe(references.length);
    for (const { dependsOn } of dependencies)
      for (const reference of dependsOn) expect(references).toContain(reference);
    const jose = components.find(({ name }: { name: string }) => name === "jose");
    expect(jose.purl).toMatch(/^pkg:npm\/jose@\d/);
    expect(jose.hashes[0].content).toMatch(/^[0-9a-f]{128}$/);
  });
});
