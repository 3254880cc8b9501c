/**
 * The options that a person may give curl (RULES.md §5): a list of allowed ones. Options that could send the token elsewhere,
 * show it, or make a second request are not on it, nor are options of future versions.
 */
import { usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";

/** Long name → its letter, or "". */
const SWITCHES: Readonly<Record<string, string>> = {
  ...{ silent: "s", "show-error": "S", include: "i", head: "I", fail: "f", "fail-with-body": "", get: "G" },
  ...{ compressed: "", "no-buffer": "N", "remote-name": "O", "create-dirs": "", "progress-bar": "#" },
  ...{ "no-progress-meter": "", ipv4: "4", ipv6: "6", "http1.1": "", http2: "", "retry-connrefused": "" },
  ...{ "retry-all-errors": "" },
};

/** The same for options with a value. */
const OPTIONS: Readonly<Record<string, string>> = {
  ...{
    request: "X",
    header: "H",
    data: "d",
    "data-raw": "",
    "data-binary": "",
    "data-ascii": "",
    "data-urlencode": "",
  },
  ...{ json: "", form: "F", "form-string": "", "upload-file": "T", output: "o", "write-out": "w", url: "" },
  ...{ "dump-header": "D", "max-time": "m", "connect-timeout": "", retry: "", "retry-delay": "", "retry-max-time": "" },
  ...{ "user-agent": "A", referer: "e", range: "r", "continue-at": "C", "time-cond": "z", "limit-rate": "" },
  ...{ "max-filesize": "" },
};

/** Their values are a body, a file or a format, and may have any character. */
const FREE = /^(data|json|form|write-out|output|upload-file|dump-header)/;

const BY_LETTER = new Map(
  [...Object.entries(SWITCHES), ...Object.entries(OPTIONS)]
    .filter(([, letter]) => letter !== "")
    .map(([name, letter]) => [letter, name]),
);

const REASONS: readonly (readonly [options: RegExp, why: string])[] = [
  [/^(v|verbose|trace.*)$/, "it would show the token. -i shows the reply's headers"],
  [
    /^(L|location.*|max-redirs|proto.*)$/,
    "a redirect could lead the token elsewhere. Ask the address that it leads to",
  ],
  [/^(u|user|oauth2-bearer|n|netrc.*|anyauth|basic|digest|ntlm|negotiate|aws-sigv4)$/, "the login is auth's part"],
  [/^(k|insecure|doh-insecure)$/, "the token would go to whoever answers"],
  [
    /^(x|proxy.*|preproxy|socks.*|resolve|connect-to|unix-socket|abstract-unix-socket|interface|dns-.*)$/,
    "it leads the token elsewhere. A proxy can be named by HTTPS_PROXY",
  ],
  [/^(K|config|:|next|Z|parallel.*|variable|expand-.*)$/, "there is one request, and all of it is on the command line"],
  [/^(b|cookie|c|cookie-jar|j)$/, "a cookie is another login"],
];

/** Headers about the request's destination, its framing, or its sender. */
const REFUSED_HEADER =
  /^(host|cookie|authorization|connection|keep-alive|transfer-encoding|content-length|te|trailer|upgrade|expect|forwarded|via)$|^(proxy-|x-forwarded-|x-http-method|x-original-|x-rewrite-)/i;

export interface CurlRequest {
  /** As it was given. */
  readonly url: string;
  /** Options for curl, each by its long name. Without the address. */
  readonly options: readonly string[];
  /** Names of the headers among them. */
  readonly headers: readonly string[];
  /** It reads standard input, for a body. */
  readonly readsInput: boolean;
}

/** @throws AuthError `usage` */
export function readCurlArguments(given: readonly string[]): CurlRequest {
  const options: string[] = [];
  const urls: string[] = [];
  const headers: string[] = [];
  const inputs: string[] = [];
  const left = [...given];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === "-" || !word.startsWith("-")) {
      urls.push(word);
      continue;
    }
    const isLong = word.startsWith("--");
    for (let rest = isLong ? word.slice(2) : word.slice(1); ; ) {
      const name = isLong ? rest : BY_LETTER.get(rest[0] ?? "");
      if (name !== undefined && Object.hasOwn(SWITCHES, name)) {
        options.push(`--${name}`);
        rest = rest.slice(isLong ? rest.length : 1);
        if (rest === "") break;
        continue;
      }
      if (name === undefined || !Object.hasOwn(OPTIONS, name)) throw refused(isLong ? rest : (rest[0] ?? ""), isLong);
      const value = !isLong && rest.length > 1 ? rest.slice(1) : left.shift();
      if (value === undefined) throw usage(`curl's --${name} needs a value.`);
      checkValue(name, value);
      if (name === "header") headers.push(headerName(value));
      if (name === "url") urls.push(value);
      else options.push(`--${name}`, value);
      if (readsInput(name, value)) inputs.push(name);
      break;
    }
  }
  const [url, ...others] = urls;
  if (url === undefined || others.length > 0)
    throw usage(
      url === undefined ? "There is no address for curl." : "curl is to ask one address, not several.",
      "For example: auth curl <connection> -- https://api.example/things",
    );
  return { url, options, headers, readsInput: inputs.length > 0 };
}

function refused(name: string, isLong: boolean): Error {
  const why = REASONS.find(([options]) => options.test(name))?.[1] ?? "it isn't among those that go with a token";
  const written = `${isLong ? "--" : "-"}${escapeText(name.slice(0, 40))}`;
  return usage(
    `curl's ${written} is not used here: ${why}.`,
    "What is allowed: docs/recipes.md. With all of curl, and on your own responsibility: auth token <connection> -o header | curl -H @- …",
  );
}

function checkValue(name: string, value: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line end would begin a header of its own
  if (!FREE.test(name) && /[\u0000-\u001f\u007f]/.test(value))
    throw usage(`The value of curl's --${name} has control characters.`, "Write it anew.");
  if (name === "request" && !/^[A-Za-z]{1,20}$/.test(value))
    throw usage("curl's --request takes a method, such as PATCH.");
}

function headerName(value: string): string {
  const name = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[:;]/.exec(value)?.[1];
  if (name === undefined)
    throw usage("curl's --header takes 'Name: value' here, and no file.", "For example: -H 'Accept: application/json'");
  if (REFUSED_HEADER.test(name)) throw taken(name, "it says where a request goes, or who asks");
  return name;
}

/** @param shown names of the headers that the token and its companions go in @throws AuthError `usage` */
export function requireOtherHeaders({ headers }: CurlRequest, shown: readonly string[]): void {
  const same = headers.find((name) => shown.some((other) => other.toLowerCase() === name.toLowerCase()));
  if (same !== undefined) throw taken(same, "the token, or what belongs to it, goes in it");
}

function taken(name: string, why: string): Error {
  return usage(`The header ${name} can't be given: ${why}.`, "Leave it out.");
}

function readsInput(name: string, value: string): boolean {
  if (name === "upload-file") return value === "-" || value === ".";
  if (name === "data-raw" || name === "form-string") return false;
  return /^(data|json|form)/.test(name) && /(^|=)[@<]-/.test(value);
}
