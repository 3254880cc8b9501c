/** The catalogue's `${connectionConfig.name}` as a description's `{name}`. */
import type { Draft } from "./draft.ts";

const PLACEHOLDER = /\$\{([^{}$]*)\}/g;
const OF_SETTINGS = "connectionConfig.";

/** Names that templates, or login itself, use for something else. */
const TAKEN = ["token", "basic", "clientId", "issuer", "redirectUri", "scope", "tokenEndpoint", "thumbprint", "keyId"];

/**
 * @param others what else this text may name: the catalogue's name → ours
 * @returns null for a text that a template can't express, which is reported as lost
 */
export function templateOf(
  draft: Draft,
  field: string,
  text: string,
  others: Readonly<Record<string, string>> = {},
): string | null {
  const literal = text.replaceAll(PLACEHOLDER, "");
  if (/[{}]/.test(literal)) return lost("has braces that are no placeholder");
  let why: string | null = null;
  const template = text.replaceAll(PLACEHOLDER, (_, name: string) => {
    if (Object.hasOwn(others, name)) return `{${others[name]}}`;
    const setting = settingIn(draft, name);
    if (setting !== null && !draft.isSecret(setting)) return `{${settingFor(draft, setting)}}`;
    why = setting === null ? `is made of '${name}', which isn't known here` : "is made of a secret: settings are shown";
    return "";
  });
  return why === null ? template : lost(why);

  function lost(why: string): null {
    draft.lose(field, why);
    return null;
  }
}

/** Some entries leave out the prefix of values that they declare. */
function settingIn(draft: Draft, name: string): string | null {
  if (name.startsWith(OF_SETTINGS)) return name.slice(OF_SETTINGS.length);
  return draft.property(name) === undefined ? null : name;
}

/** Whether a text asks for something of that very name: `accessToken`. */
export function asksFor(text: string, name: string): boolean {
  return [...text.matchAll(PLACEHOLDER)].some((match) => match[1] === name);
}

/** The names of values that a text asks for, each once. */
export function asked(text: string): string[] {
  const names = [...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? "");
  return [...new Set(names.filter((name) => name.startsWith(OF_SETTINGS)))].map((name) =>
    name.slice(OF_SETTINGS.length),
  );
}

/** `oauth_hostname` → `oauthHostname`. */
function settingFor(draft: Draft, name: string): string {
  const known = draft.settings.get(name);
  if (known !== undefined) return known;
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words.map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join("");
  const plain = joined.charAt(0).toLowerCase() + joined.slice(1);
  const usable = /^[a-z]/.test(plain) && !TAKEN.includes(plain) && ![...draft.settings.values()].includes(plain);
  const setting = usable ? plain : `value${draft.settings.size + 1}`;
  draft.settings.set(name, setting);
  return setting;
}

/**
 * `a || b`: `b` counts where the values of `a` aren't given. Where `b` is `a` with one value written out, that value is
 * the default, and `a` is enough.
 * @returns the texts that are left, one or two
 */
export function alternatives(draft: Draft, text: string): string[] {
  const [first = "", second, ...more] = text.split("||").map((part) => part.trim());
  if (second === undefined || more.length > 0) return second === undefined ? [first] : [first, second, ...more];
  const [name, ...others] = asked(first);
  if (name === undefined || others.length > 0) return [first, second];
  const value = writtenOut(first, second);
  if (value === null) return [first, second];
  if (!draft.defaults.has(name)) draft.defaults.set(name, value);
  return draft.defaults.get(name) === value ? [first] : [first, second];
}

/**
 * A text that begins with a whole origin, which is known only after a login: `${connectionConfig.api_domain}/api`.
 * @returns the value's name, and what follows it
 */
export function wholeOrigin(text: string): { readonly name: string; readonly rest: string } | null {
  const [, name, rest = ""] = /^(?:https:\/\/)?\$\{connectionConfig\.([^{}$]+)\}([/?#].*)?$/s.exec(text) ?? [];
  return name === undefined ? null : { name, rest };
}

/** The hosts that an address can have by the choices of its one placeholder; none where that isn't so. */
export function hostsOf(draft: Draft, text: string): string[] {
  const [host = ""] = /^https:\/\/([^/?#]+)/.exec(text)?.slice(1) ?? [];
  const [name, ...more] = asked(host);
  if (name === undefined || more.length > 0) return [];
  const choices = draft.property(name)?.enum ?? [];
  const first = draft.defaults.get(name);
  return [...new Set([...(first === undefined ? [] : [first]), ...choices])].map((choice) =>
    host.replace(PLACEHOLDER, () => choice),
  );
}

/** The part of `written` at the place of the one value in `text`, or null where they differ elsewhere. */
function writtenOut(text: string, written: string): string | null {
  const [start = "", ...rest] = text.split(PLACEHOLDER).filter((_, i) => i % 2 === 0);
  const end = rest[0] ?? "";
  const after = end === "" ? written.length : written.indexOf(end, start.length);
  if (!written.startsWith(start) || after <= start.length) return null;
  const value = written.slice(start.length, after);
  return /^[A-Za-z0-9.:/-]+$/.test(value) && text.replaceAll(PLACEHOLDER, () => value) === written ? value : null;
}
