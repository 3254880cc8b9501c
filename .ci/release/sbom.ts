/** A bill of materials: CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/) of what is really in the program. */
import { BUN, BUN_COMPONENTS } from "./bun-components.ts";
import type { Bundled } from "./bundled.ts";
import { PACKAGE } from "./packages/description.ts";

/** @param published ISO 8601 */
export function billOfMaterials(version: string, published: string, packages: readonly Bundled[]): string {
  const auth = `pkg:generic/auth@${version}`;
  const bun = `pkg:github/oven-sh/bun@bun-v${Bun.version}`;
  const bundled = packages.map(({ name, version, license, sha512 }) => {
    const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
    const hashes = [{ alg: "SHA-512", content: sha512 }];
    return { type: "library", "bom-ref": purl, name, version, hashes, licenses: [{ expression: license }], purl };
  });
  const linked = BUN_COMPONENTS.map(({ name, license, url }) => ({
    type: "library",
    "bom-ref": `bun/${name}`,
    name,
    licenses: [{ expression: license }],
    externalReferences: [{ type: "website", url }],
  }));
  const runtime = {
    type: "platform",
    "bom-ref": bun,
    name: BUN.name,
    version: Bun.version,
    licenses: [{ expression: BUN.license }],
    purl: bun,
  };
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: published,
      component: {
        type: "application",
        "bom-ref": auth,
        name: "auth",
        version,
        licenses: [{ license: { id: PACKAGE.license } }],
      },
    },
    components: [...bundled, runtime, ...linked],
    dependencies: [
      { ref: auth, dependsOn: [...bundled.map((component) => component["bom-ref"]), bun] },
      { ref: bun, dependsOn: linked.map((component) => component["bom-ref"]) },
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
