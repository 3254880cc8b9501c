/** The placeholders that a program has instead of secrets, and how its requests get the secrets. */
import type { Secret } from "../platform/secret.ts";
import type { Api, Credential } from "./api.ts";
import { pairs } from "./headers.ts";

/** A placeholder that a program was given, and the secret behind it. */
export interface StandIn {
  readonly api: Api;
  readonly placeholder: Secret;
  /** A companion of the token, which doesn't change; null: the current token. */
  readonly fixed: Secret | null;
}

/** Those whose placeholders are in any of the request's headers. */
export function standInsIn(all: readonly StandIn[], raw: readonly string[]): StandIn[] {
  const values = pairs(raw).flatMap(([, value]) => [value, basicOf(value) ?? ""]);
  return all.filter(({ placeholder }) => values.some((value) => value.includes(placeholder.reveal())));
}

/** Replaces the placeholders by the secrets, in the headers that the description names. */
export function filledIn(
  mine: readonly StandIn[],
  names: readonly string[],
  raw: readonly string[],
  { token }: Credential,
): string[] {
  const fill = (text: string): string =>
    mine.reduce(
      (filled, { placeholder, fixed }) => filled.split(placeholder.reveal()).join((fixed ?? token).reveal()),
      text,
    );
  return pairs(raw).flatMap(([name, value]) => {
    if (!names.includes(name.toLowerCase())) return [name, value];
    const basic = basicOf(value);
    if (basic === null) return [name, fill(value)];
    const filled = fill(basic);
    return [name, filled === basic ? value : `Basic ${Buffer.from(filled).toString("base64")}`];
  });
}

/** RFC 7617: git and docker send a token as the password. */
function basicOf(value: string): string | null {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(value) ?? [];
  return encoded === undefined ? null : Buffer.from(encoded, "base64").toString();
}
