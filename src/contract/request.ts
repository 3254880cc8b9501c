/** A request to the issuer of a contract test, read by the description. */
import { nameOf } from "../oauth/send.ts";
import { ownValue } from "../platform/json.ts";
import { type Dialect, overlaid, REDIRECT_URI } from "../providers/defaults.ts";
import { insist, Mismatch } from "./check.ts";
import { assertionFault } from "./client-key.ts";

/** The header with a client's certificate from a proxy (RFC 9440 §2.2): here, from the test's own `http`. */
export const CERTIFICATE_HEADER = "client-cert";

/** A request as it came. */
export interface Call {
  readonly method: string;
  /** The description's address: `https://host/path`, without the query. */
  readonly address: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: string;
}

/** The program's client in a test. */
export interface TestClient {
  readonly id: string;
  readonly secret: string | null;
  /** The public key in PEM, of a client with a key. */
  readonly key?: string;
  /** In Base64, of a client with a certificate. */
  readonly certificate?: string;
}

/** RFC 6749's parameters of a token request, under whatever names they were sent. */
export class ReceivedRequest {
  readonly call: Call;
  readonly #dialect: Dialect;
  readonly #sent: Readonly<Record<string, unknown>>;

  /** @throws Mismatch when it isn't in the declared format */
  constructor(call: Call, dialect: Dialect) {
    this.call = call;
    this.#dialect = dialect;
    const { method } = dialect.request;
    insist(call.method === method, `request.method is ${method}, but ${call.method} was sent`);
    this.#sent = readParameters(call, dialect);
    for (const [name, value] of Object.entries(dialect.request.headers))
      insist(call.headers.get(name) === value, `request.headers.${name} doesn't arrive as it is written`);
  }

  /** null when it is in another format. */
  static orNull(call: Call, dialect: Dialect): ReceivedRequest | null {
    try {
      return new ReceivedRequest(call, dialect);
    } catch (error) {
      if (error instanceof Mismatch) return null;
      throw error;
    }
  }

  get(name: string): string | null {
    const sent = nameOf(name, this.#dialect.request.names);
    return sent === false ? null : this.sent(sent);
  }

  /** By the provider's own name. */
  sent(name: string): string | null {
    const value = ownValue(this.#sent, name);
    return typeof value === "string" ? value : null;
  }

  /** @throws Mismatch where it isn't `value`, unless the description says that it isn't sent at all */
  expect(name: string, value: string, why = ""): void {
    if (this.#dialect.request.names[name] === false || this.get(name) === value) return;
    const state = this.get(name) === null ? "is missing from" : "has another value in";
    throw new Mismatch(`${name} ${state} a request${why}`);
  }

  /** RFC 6749's name of the grant, whatever the provider's is. */
  grantType(): string | null {
    const { grantTypes } = this.#dialect.request;
    const given = this.get("grant_type");
    for (const [type, parameter] of Object.entries(MAIN_PARAMETER)) {
      const name = ownValue(grantTypes, type) ?? type;
      const isNamed = given === name || (given === null && this.#dialect.request.names.grant_type === false);
      if (isNamed && (parameter === null || this.get(parameter) !== null)) return type;
    }
    return null;
  }

  /** Why it isn't a known request, as a sentence. */
  unknownGrant(): string {
    const given = this.get("grant_type");
    if (given === null) return "a token request has no grant type, and nothing that tells which it is";
    const [type = given] = Object.entries(this.#dialect.request.grantTypes).find(([, name]) => name === given) ?? [];
    const parameter = ownValue(MAIN_PARAMETER, type);
    return `a token request has the grant type ${given}${typeof parameter === "string" ? ` without ${parameter}` : ""}`;
  }

  /** @throws Mismatch unless the client is named and proved as declared */
  authenticate(client: TestClient, withSecret: boolean, what: string): void {
    const secret = withSecret ? client.secret : null;
    const { basic, withoutSecret } = this.#dialect.client;
    const { authentication = this.#dialect.client.authentication } = this.#dialect.request;
    if (client.certificate !== undefined) {
      this.expect("client_id", client.id, `: ${what}`);
      const shown = this.call.headers.get(CERTIFICATE_HEADER) === `:${client.certificate}:`;
      insist(shown, `the client doesn't show its certificate in ${what}`);
      return;
    }
    if (client.key !== undefined) {
      this.expect("client_id", client.id, `: ${what}`);
      const said = assertionFault(this.get("client_assertion") ?? "", client.id, client.key, this.#dialect);
      insist(said === null, `the client doesn't prove itself in ${what}: its assertion ${said}`);
      return;
    }
    const byName = client.secret === null && withoutSecret === "basic";
    if (byName || (secret !== null && authentication === "basic")) {
      const shown = credentialsIn(this.call.headers, byName ? undefined : basic);
      const isIt = shown !== null && (shown.id ?? client.id) === client.id && shown.secret === (secret ?? "");
      insist(isIt, `the client doesn't ${byName ? "name" : "prove"} itself in ${what}`);
      return;
    }
    this.expect("client_id", client.id, `: ${what}`);
    if (secret !== null) this.expect("client_secret", secret, `: ${what}`);
    else insist(this.get("client_secret") === null, `the client's secret is sent in ${what}`);
  }

  /**
   * @param redirectUri the value of `{redirectUri}`, if the login had one
   * @throws Mismatch for a declared parameter that the protocol's own replaces
   */
  further(parameters: Readonly<Record<string, string>>, field: string, redirectUri: string | null = null): void {
    for (const [name, template] of Object.entries(parameters)) {
      if (redirectUri === null && template.includes(REDIRECT_URI)) continue;
      const value = template.replaceAll(REDIRECT_URI, () => redirectUri ?? "");
      insist(
        this.sent(name) === value || this.get(name) === value,
        `${field}.${name} does nothing: the protocol's own parameter of that name is sent`,
      );
    }
  }
}

/**
 * A client's Basic credentials, read as a server reads them (RFC 7617 §2), form-encoded as RFC 6749 §2.3.1 has it
 * unless `client.basic` says otherwise. null: there are none. @returns an `id` of null where none is sent
 */
export function credentialsIn(
  headers: Headers,
  basic: Dialect["client"]["basic"],
): { readonly id: string | null; readonly secret: string } | null {
  const [, base64] = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(headers.get("authorization") ?? "") ?? [];
  if (base64 === undefined) return null;
  const text = Buffer.from(base64, "base64").toString();
  if (basic === "{clientSecret}:") return text.endsWith(":") ? { id: null, secret: text.slice(0, -1) } : null;
  const at = text.indexOf(":");
  if (at === -1) return null;
  const [id, secret] = [text.slice(0, at), text.slice(at + 1)];
  return basic === undefined ? { id: formDecoded(id), secret: formDecoded(secret) } : { id, secret };
}

/** Text in another encoding becomes a different text. */
function formDecoded(text: string): string {
  return new URLSearchParams(`=${text}`).get("") ?? "";
}

/** A refresh in the form of `refresh.request`; null: another request. */
export function renewalIn(call: Call, dialect: Dialect): ReceivedRequest | null {
  const different = dialect.refresh.request;
  if (different === undefined) return null;
  const received = ReceivedRequest.orNull(call, overlaid(dialect, different));
  return received?.grantType() === "refresh_token" ? received : null;
}

/** Grant type → its required parameter. */
const MAIN_PARAMETER: Readonly<Record<string, string | null>> = {
  authorization_code: "code",
  refresh_token: "refresh_token",
  "urn:ietf:params:oauth:grant-type:device_code": "device_code",
  "urn:ietf:params:oauth:grant-type:jwt-bearer": "assertion",
  "urn:ietf:params:oauth:grant-type:token-exchange": "subject_token",
  client_credentials: null,
};

function readParameters(call: Call, { request: { format } }: Dialect): Record<string, unknown> {
  if (format === "query") return fieldsOf(call.query);
  const type = call.headers.get("content-type") ?? "";
  const wanted = format === "json" ? "application/json" : "application/x-www-form-urlencoded";
  insist(type.startsWith(wanted), `request.format is ${format}, but request.headers make the content type ${type}`);
  if (format === "json") return JSON.parse(call.body) as Record<string, unknown>;
  return fieldsOf(new URLSearchParams(call.body));
}

function fieldsOf(form: URLSearchParams): Record<string, unknown> {
  const twice = [...form.keys()].find((name) => form.getAll(name).length > 1);
  insist(twice === undefined, `request.names makes two parameters of one request '${twice}'`);
  return Object.fromEntries(form);
}

export function scopesIn(text: string | null, separator: string): string[] {
  return (text ?? "").split(separator || " ").filter((scope) => scope !== "");
}
