/** Headers and parameters by which frameworks and gateways take a request for another method or path. */
import { queryOf } from "./path.ts";

/** Headers and parameters that name the method. */
const METHOD_NAMES = [
  "X-HTTP-Method-Override",
  "X-Method-Override",
  "Method-Override",
  "X-HTTP-Method",
  "HTTP-Method",
].map(lettersOf);
/** A parameter that counts only where its value is a method (`?method=delete`): some APIs name their own calls by it. */
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

/** Whether the request names another method than its own. Its body isn't read. */
export function namesMethod({ target, headers }: Asked): boolean {
  if (Object.keys(headers).some((name) => METHOD_NAMES.includes(lettersOf(name)))) return true;
  return queryOf(target).some(([name, value]) => {
    const letters = lettersOf(name);
    return METHOD_NAMES.includes(letters) || (letters === PLAIN_NAME && METHODS.includes(lettersOf(value)));
  });
}

/** Whether it names another path than its own. */
export function namesPath({ headers }: Asked): boolean {
  return Object.keys(headers).some((name) => PATH_NAMES.includes(lettersOf(name)));
}

/** A name without case and punctuation: `X_HTTP_Method_Override`, `_HttpMethod`. */
function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^a-z]/g, "");
}
