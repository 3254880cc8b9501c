/** Shows the replies of a login that is tried: their source, their fields with types and lengths, and what reads them. */
import type { LoginRequest } from "../../connections/login/request.ts";
import { decodeBody, parseBody } from "../../oauth/body.ts";
import { shapeLines } from "../../oauth/shape.ts";
import { AuthError } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import type { Http, HttpReply } from "../../platform/http.ts";
import { asObject } from "../../platform/json.ts";
import { learnSecrets } from "../../platform/learn-secrets.ts";
import { redact } from "../../platform/redact.ts";
import { kindOf } from "../../platform/trace.ts";
import { type Dialect, withDefaults } from "../../providers/defaults.ts";
import { applyOverrides } from "../../providers/overrides.ts";
import { resolveProvider } from "../../providers/resolve.ts";
import { DEVICE_FIELDS } from "../../providers/schema/dialect.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";

export interface ShownReply {
  /** The endpoint's name; null: another address. */
  readonly endpoint: string | null;
  readonly method: string;
  /** Without its query. */
  readonly url: string;
  readonly status: number;
  readonly type: string;
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
  const layers = [definition, ...(definition.variants ?? [])];
  const templates = layers.flatMap(({ endpoints: named = {} }) => Object.entries(named as Record<string, string>));
  return async (sent) => {
    const reply = await http(sent);
    const { origin, pathname } = new URL(sent.url);
    const url = `${origin}${pathname}`;
    const body = bodyOf(reply);
    for (const [name, address] of discovered(body)) if (!endpoints.has(name)) endpoints.set(name, address);
    const exact = [...endpoints].find(([, address]) => sameAddress(address, url));
    const [endpoint = null] = exact ?? templates.find(([, template]) => isMadeFrom(template, url)) ?? [];
    show({
      endpoint,
      method: sent.method,
      url: escapeText(redact(url)),
      status: reply.status,
      type: kindOf(reply.headers.get("content-type")),
      bytes: reply.body.length,
      fields: body === null ? [] : shapeLines(body, noteFor(withDefaults(definition), endpoint)),
    });
    return reply;
  };
}

/** Registers every credential in it as a secret before any name is shown. */
function bodyOf({ status, body, headers }: HttpReply): unknown {
  const raw = { status, headers: { "content-type": headers.get("content-type") ?? "" }, body };
  return learnSecrets(decodeBody(raw)) ? (parseBody(raw) ?? null) : null;
}

function endpointsOf(definition: ProviderDefinition, { settings, endpoints }: Parameters<typeof showingReplies>[2]) {
  try {
    const resolved = applyOverrides(resolveProvider(definition, settings), { endpoints });
    return new Map<string, string>(Object.entries(resolved.endpoints));
  } catch (error) {
    // A setting from the environment or a question: only the login has it.
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

/** A template whose settings aren't known: the provider reports them in a reply. */
function isMadeFrom(template: string, url: string): boolean {
  const parts = template.replace(/[?#].*/s, "").split(/\{\w+\}/);
  return parts.length > 1 && new RegExp(`^${parts.map(RegExp.escape).join("[^?#]+")}$`).test(url);
}

/** The description's field that reads a path. */
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
  const { reply, errors, account, device, refresh, settings = {} } = dialect;
  const listed = (field: string, paths: readonly string[]): Reading[] =>
    paths.map((path, i): Reading => [`${field}.${i}`, path]);
  const failing: Reading[] = [
    ["reply.error", reply.error],
    ["reply.errorDescription", reply.errorDescription],
    ...listed("errors.subcodes", errors.subcodes),
  ];
  const ofAccount = (["id", "label", "organization"] as const).flatMap((name) =>
    listed(`account.${name}`, account[name]),
  );
  if (endpoint === "userinfo") return account.from === "userinfo" ? ofAccount : [];
  if (endpoint === "device")
    return [
      ...DEVICE_FIELDS.map((name): Reading => [`device.fields.${name}`, device.fields[name] ?? name]),
      ...failing,
    ];
  if (!["token", "refresh", "poll", "mint", "exchange"].includes(endpoint)) return failing;
  const own: Reading[] = [
    ...REPLY_FIELDS.map((name): Reading => [`reply.${name}`, reply[name]]),
    ["reply.expiry.path", reply.expiry.path],
    ...reply.expiry.others.map(({ path }, i): Reading => [`reply.expiry.others.${i}.path`, path]),
    ...listed("reply.extra", reply.extra),
  ];
  const told = Object.entries(settings).flatMap(([name, { from }]): Reading[] =>
    from?.reply === undefined ? [] : [[`settings.${name}.from.reply`, from.reply]],
  );
  const { alternate } = reply;
  return [
    ...own,
    ...(alternate === undefined ? [] : own.map(([field, path]): Reading => [field, `${alternate}.${path}`])),
    ...told,
    ...Object.keys(refresh.keepsAccessToken ?? {}).map((path): Reading => ["refresh.keepsAccessToken", path]),
    ...failing,
    ...(account.from === "reply" ? ofAccount : []),
  ];
}

const REPLY_FIELDS = [
  ...(["accessToken", "refreshToken", "tokenType", "scope", "idToken"] as const),
  ...(["refreshExpiresIn", "refreshTimeout", "authorizationExpiresIn"] as const),
] as const;

export function replyLines({ endpoint, method, url, status, type, bytes, fields }: ShownReply): string[] {
  const kind = bytes === 0 ? "empty" : `${type}, ${bytes} bytes`;
  const head = `${endpoint ?? "another address"}: ${method} ${url} → HTTP ${status}, ${kind}`;
  return [head, ...fields.map((line) => `  ${line}`)];
}
