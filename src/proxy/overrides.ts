/** Requests that ask for something else than they seem to: frameworks and gateways obey such headers and parameters. */
import { queryOf } from "./path.ts";

/** Headers and parameters that name the method. */
const METHOD_NAMES = [
  "X-HTTP-Method-Override",
  "X-Method-Override",
  "Method-Override",
  "X-HTTP-Method",
  "HTTP-Method",
].map(lettersOf);
/** A parameter that does so where a method is its value (`?method=delete`): other APIs name calls of their own by it. */
const PLAIN_NAME = "method";
/** Headers that name the path. */
const PATH_NAMES = ["X-Original-URL", "X-Rewrite-URL", "X-Override-URL", "X-Original-URI", "X-Rewrite-URI"].map(
  lettersOf,
);
const METHODS = ["get", "head", "options", "post", "put", "patch", "delete"];

interface Asked {
  readonly target: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Whether the request says that it is another method than its own. What its body says isn't looked at. */
export function namesMethod({ target, headers }: Asked): boolean {
  if (Object.keys(headers).some((name) => METHOD_NAMES.includes(lettersOf(name)))) return true;
  return queryOf(target).some(([name, value]) => {
    const letters = lettersOf(name);
    return METHOD_NAMES.includes(letters) || (letters === PLAIN_NAME && METHODS.includes(lettersOf(value)));
  });
}

/** Whether it says that it is for another path than its own. */
export function namesPath({ headers }: Asked): boolean {
  return Object.keys(headers).some((name) => PATH_NAMES.includes(lettersOf(name)));
}

/** A name however it is spelled: `X_HTTP_Method_Override`, `_HttpMethod`. */
function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^a-z]/g, "");
}
