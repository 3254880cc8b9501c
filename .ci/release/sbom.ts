/** A bill of materials: CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/) of what is really in the program. */
import { createHash } from "node:crypto";
import { BUN, BUN_COMPONENTS } from "./bun-components.ts";
import type { Bundled } from "./bundled.ts";

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
        licenses: [{ license: { id: "MIT" } }],
      },
    },
    components: [...bundled, runtime, ...linked],
    dependencies: [
      { ref: auth, dependsOn: [...bundled.map((component) => component["bom-ref"]), bun] },
      { ref: bun, dependsOn: linked.map((component) => component["bom-ref"]) },
    ],
  };
  // A number of its own for each content, and the same for the same: RFC 9562, version 8.
  const digest = createHash("sha256").update(JSON.stringify(document)).digest("hex");
  const id = [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `a${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ];
  return `${JSON.stringify({ ...document, serialNumber: `urn:uuid:${id.join("-")}` }, null, 2)}\n`;
}
