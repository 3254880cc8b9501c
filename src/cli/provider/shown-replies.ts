/** The replies of a login that is tried, as they come: where from, their fields with types and lengths, and what reads them. */
import type { LoginRequest } from "../../connections/login/request.ts";
import { decodeBody, parseBody } from "../../oauth/body.ts";
import { shapeLines } from "../../oauth/shape.ts";
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import type { Http, HttpReply } from "../../platform/http.ts";
import { asObject } from "../../platform/json.ts";
import { learnSecrets } from "../../platform/learn-secrets.ts";
import { type Dialect, withDefaults } from "../../providers/defaults.ts";
import { applyOverrides } from "../../providers/overrides.ts";
import { resolveProvider } from "../../providers/resolve.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";

export interface ShownReply {
  /** The endpoint's name; null: another address. */
  readonly endpoint: string | null;
  readonly method: string;
  /** Without its query. */
  readonly url: string;
  readonly status: number;
  readonly type: string | null;
  /** Of the body. */
  readonly bytes: number;
  /** A line for each field, indented. */
  readonly fields: readonly string[];
}

/** `http`, showing each reply. */
export function showingReplies(
  http: Http,
  definition: ProviderDefinition,
  request: Pick<LoginRequest, "settings" | "endpoints">,
  show: (reply: ShownReply) => void,
): Http {
  const endpoints = endpointsOf(definition, request);
  return async (sent) => {
    const reply = await http(sent);
    const { origin, pathname } = new URL(sent.url);
    const url = `${origin}${pathname}`;
    const body = bodyOf(reply);
    for (const [name, address] of discovered(body)) if (!endpoints.has(name)) endpoints.set(name, address);
    const endpoint = [...endpoints].find(([, address]) => sameAddress(address, url))?.[0] ?? null;
    show({
      endpoint,
      method: sent.method,
      url: escapeText(url),
      status: reply.status,
      type: reply.headers.get("content-type")?.split(";", 1)[0]?.trim().slice(0, 60) ?? null,
      bytes: reply.body.length,
      fields: body === null ? [] : shapeLines(body, noteFor(withDefaults(definition), endpoint)),
    });
    return reply;
  };
}

/** Every credential in it is known as one before any of its names is shown. */
function bodyOf({ status, body, headers }: HttpReply): unknown {
  const raw = { status, headers: { "content-type": headers.get("content-type") ?? "" }, body };
  return learnSecrets(decodeBody(raw)) ? (parseBody(raw) ?? null) : null;
}

function endpointsOf(definition: ProviderDefinition, { settings, endpoints }: Parameters<typeof showingReplies>[2]) {
  try {
    const resolved = applyOverrides(resolveProvider(definition, settings), { endpoints });
    return new Map<string, string>(Object.entries(resolved.endpoints));
  } catch (error) {
    // A setting that the environment or a question gives: the login has it, this has only addresses.
    if (!(error instanceof AuthError)) throw error;
    return new Map<string, string>();
  }
}

/** RFC 8414 §2: a reply that is the issuer's metadata names the other addresses. */
function discovered(body: unknown): [string, string][] {
  return Object.entries(asObject(body) ?? {}).flatMap(([name, value]): [string, string][] => {
    const [, endpoint = ""] = /^(\w+?)_endpoint$/.exec(name) ?? [];
    if (endpoint === "" || typeof value !== "string") return [];
    return [[endpoint === "device_authorization" ? "device" : endpoint, value]];
  });
}

function sameAddress(address: string, url: string): boolean {
  const parsed = URL.parse(address);
  return parsed !== null && `${parsed.origin}${parsed.pathname}` === url;
}

/** Which field of the description says that a path is read. */
function noteFor(dialect: Dialect, endpoint: string | null): (path: string) => string {
  const paths = endpoint === null ? [] : pathsAt(dialect, endpoint);
  return (path) =>
    paths
      .filter(([, read]) => read === path)
      .map(([field]) => field)
      .join(", ");
}

type Reading = readonly [field: string, path: string];

function pathsAt(dialect: Dialect, endpoint: string): Reading[] {
  const { reply, errors, account, device } = dialect;
  const failing: Reading[] = [
    ...textsIn({ error: reply.error, errorDescription: reply.errorDescription }, "reply"),
    ...textsIn(errors.subcodes, "errors.subcodes"),
  ];
  const ofAccount = textsIn({ id: account.id, label: account.label, organization: account.organization }, "account");
  if (endpoint === "userinfo") return account.from === "userinfo" ? ofAccount : [];
  if (endpoint === "device")
    return [
      ...DEVICE_FIELDS.map((name): Reading => [`device.fields.${name}`, device.fields[name] ?? name]),
      ...failing,
    ];
  if (!["token", "refresh", "poll", "mint"].includes(endpoint)) return failing;
  const { alternate, tokenTypes: _, expiry, ...fields } = reply;
  const { unit: _unit, absent: _absent, ...paths } = expiry;
  const own = textsIn({ ...fields, expiry: paths }, "reply");
  const inGroup = alternate === undefined ? [] : own.map(([field, path]): Reading => [field, `${alternate}.${path}`]);
  return [
    ...own,
    ...inGroup,
    ...textsIn(errors.subcodes, "errors.subcodes"),
    ...(account.from === "reply" ? ofAccount : []),
  ];
}

const DEVICE_FIELDS = [
  "device_code",
  "user_code",
  "verification_uri",
  "verification_uri_complete",
  "expires_in",
  "interval",
] as const;

/** Every text in a group of the description, with its field. */
function textsIn(value: unknown, field: string): Reading[] {
  if (typeof value === "string") return [[field, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => textsIn(part, `${field}.${name}`));
}

export function replyLines({ endpoint, method, url, status, type, bytes, fields }: ShownReply): string[] {
  const kind = bytes === 0 ? "empty" : `${type === null ? "no type" : escapeText(type)}, ${bytes} bytes`;
  const head = `${endpoint ?? "another address"}: ${method} ${url} → HTTP ${status}, ${kind}`;
  return [head, ...fields.map((line) => `  ${line}`)];
}
