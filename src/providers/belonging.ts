/** Tokens that say themselves where they belong, so that none is sent elsewhere. Pure. */
import { originOf } from "../platform/url.ts";
import type { ProviderDefinition } from "./schema.ts";

/** @returns the origin that the token names; null where it names none */
export function originNamed({ apiKey }: ProviderDefinition, token: string): string | null {
  const { prefix, path } = apiKey?.belongsTo ?? {};
  if (prefix === undefined || path === undefined || !token.startsWith(prefix)) return null;
  const [payload = ""] = token.slice(prefix.length).split("_");
  const url = path.split(".").reduce(fieldOf, decoded(payload));
  return typeof url === "string" ? (URL.canParse(url) ? originOf(url) : null) : null;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** A key that isn't of the form says nothing; its provider will say what it thinks of it. */
function decoded(payload: string): unknown {
  try {
    return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return undefined;
  }
}
