/** The secrets in the value of a variable that no provider knows: those of an env file. */
import { isUnmistakable } from "../../platform/redact.ts";
import { namesSecret } from "../../providers/reserved.ts";

/** `scheme://user:password@host`: all before the last `@` of the authority, encoded or not. */
const IN_URL = /:\/\/([^\s/?#]*)@/g;
/** `Password=…;` of a connection string, `?password=…` of a URL. */
const IN_PAIR =
  /(?:^|[;&?\s])(?:password|passwd|pwd|secret|token|(?:shared)?access_?key|api_?key)\s*=\s*("[^"]*"|'[^']*'|[^;&]+)/gi;

/**
 * The whole value where its name or its form says that it is a secret; else the passwords and token-like words in it.
 *
 * @returns each once, as written, and with its percent-encoding decoded
 */
export function secretsIn(variable: string, value: string): string[] {
  if (namesSecret(variable) || isUnmistakable(value)) return [value];
  const found = [
    ...[...value.matchAll(IN_URL)].flatMap(([, user = ""]) => ofUser(user)),
    ...[...value.matchAll(IN_PAIR)].map(([, text = ""]) => text.replace(/^(["'])(.*)\1$/, "$2")),
    ...value.split(/[^\w~+=.-]+/).filter(isUnmistakable),
  ];
  return [...new Set(found.flatMap((text) => [text, decoded(text)]))].filter((text) => text !== "");
}

/** A password; of a user alone (`https://<token>@host`) what looks like a token is found with the words. */
function ofUser(text: string): string[] {
  const colon = text.indexOf(":");
  return colon < 0 ? [] : [text.slice(colon + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded.
    return text;
  }
}
