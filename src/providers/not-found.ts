/** Hints for an unknown provider: a similar one, or how to describe a new one. */
import { ownValue } from "../platform/json.ts";
import { commandLine, placeholder } from "../platform/shell-word.ts";
import { isProviderId } from "./names.ts";
import { suggestionHint } from "./suggest.ts";

/** Names of products or owners → the arguments of `auth login` for them. */
export type CalledOtherwise = Readonly<Record<string, readonly string[]>>;

/** @param name as an id is written @param ids of every provider that there is */
export function notFoundHint(
  name: string,
  ids: readonly string[],
  aliases: readonly string[],
  otherwise: CalledOtherwise,
): string {
  const words = ownValue(otherwise, name);
  if (words !== undefined) return `${name} is had at ${words[0]}: ${commandLine(["auth", "login", ...words])}`;
  const near = suggestionHint(name, [...ids, ...aliases, ...Object.keys(otherwise)]);
  return [
    ...(near === undefined ? [] : [near]),
    `The ${ids.length} that there are, those in the catalogue too: auth provider list`,
    `To describe one that isn't among them: ${commandLine(["auth", "provider", "new", isProviderId(name) ? name : "acme"])}`,
    `Where it speaks OpenID Connect, its issuer is enough: ${commandLine(["auth", "login", placeholder("issuer-url")])}`,
  ].join("\n");
}
