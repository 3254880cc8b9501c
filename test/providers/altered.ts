/** Descriptions with one part altered, for what has to hold of good and bad ones alike. */

export type Manifest = Readonly<Record<string, unknown>>;

/** The fields that neither a built-in description nor the catalogue has. */
export const FULL: Manifest = {
  id: "full",
  title: "Full",
  settings: { host: { title: "Host", flag: "host", from: { answer: "x", reply: "x" } } },
  movedFrom: ["https://old.example"],
  client: { id: "x", basic: "{clientSecret}:", withoutSecret: "basic", methods: ["tls_client_auth"] },
  authorize: { fragment: "/login", codeParameter: "x", pkce: "plain", redirect: { port: 8080, value: "{host}" } },
  scopes: { resource: "{resource}/.default" },
  request: { method: "GET" },
  reply: {
    tokenType: "x",
    idToken: "x",
    expiry: { others: [{ path: "x", unit: "iso" }], zero: "absent" },
    refreshTimeout: "x",
    authorizationExpiresIn: "x",
  },
  longLived: { grantType: "x", parameter: "x", request: { names: { x: false } } },
  refresh: {
    credential: "access_token",
    keepsAccessToken: { x: "y" },
    request: { format: "json", method: "GET", headers: { x: "y" }, names: { x: false }, grantTypes: { x: "y" } },
  },
  device: {
    fields: { user_code: "x" },
    parameters: { x: "y" },
    request: { format: "query", headers: { x: "y" }, names: { x: false } },
    poll: { request: { format: "json" }, errors: { "HTTP 400": "pending" } },
  },
  flows: ["token"],
};

const TEXTS = ["", "x", "A b", "a.b", "{resource}", "1/"];
const VALUES = [...TEXTS, 0, -1, 1.5, 60, 70_000, true, false, null, [], [""], ["x"], {}];

/** Each part of the descriptions, once for each path: replaced, left out, or given a field that it can't have. */
export function* alterations(documents: readonly Manifest[]): Generator<{ path: string; altered: Manifest }> {
  const done = new Set<string>();
  for (const document of documents)
    for (const keys of keysInto(document)) {
      const path = keys.map((key) => (/^\d+$/.test(key) ? "[]" : key)).join(".");
      if (done.has(path)) continue;
      done.add(path);
      const part = partAt(document, keys);
      // valibot takes a list for a group of fields, as JavaScript does; JSON Schema doesn't.
      const values = VALUES.filter((value) => !(Array.isArray(value) && isGroup(part)));
      for (const value of [...values, undefined, isGroup(part) ? { ...part, "un known": "x" } : "x"])
        yield { path, altered: withPart(document, keys, value) };
    }
}

/** The keys that lead to each part. */
function keysInto(part: unknown): string[][] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([key, inner]) => [[key], ...keysInto(inner).map((keys) => [key, ...keys])]);
}

function partAt(document: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((part, key) => (part as Manifest)[key], document);
}

/** @param value undefined: the part is left out */
function withPart(document: Manifest, keys: readonly string[], value: unknown): Manifest {
  const copy = structuredClone(document);
  const last = keys.at(-1) ?? "";
  const above = partAt(copy, keys.slice(0, -1)) as Record<string, unknown>;
  if (value !== undefined) above[last] = value;
  else if (Array.isArray(above)) above.splice(Number(last), 1);
  else delete above[last];
  return copy;
}

function isGroup(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
