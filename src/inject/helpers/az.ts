/**
 * `az account get-access-token`, which Azure's libraries call (AzureCliCredential):
 * https://learn.microsoft.com/cli/azure/account#az-account-get-access-token
 *
 * "az login" in an error tells them that a person has to log in. They keep a token until some minutes before its end. The
 * connection is the one for the authority; its refresh token gets a token for any resource.
 */
import { originOfServer } from "./origin.ts";
import {
  BadRequest,
  type Call,
  type ClientRequest,
  type Credential,
  failed,
  jsonReply,
  type Protocol,
  type Reply,
} from "./protocol.ts";

export default {
  minTtl: 600,
  margin: 0,
  // In the library for Python; the others wait longer.
  timeLimit: 10,
  ownWords: (words) => words.length - Math.max(0, words.indexOf("account")),
  ask,
  none: () => failed(`auth: There is no connection for this authority. ${IN_PLACE}`),
  failure: (message, _call, code) =>
    failed(code !== undefined && LOGIN.includes(code) ? `${message} ${IN_PLACE}` : message),
} satisfies Protocol as Protocol;

const IN_PLACE = "(This answers in the place of az: 'auth login' does what 'az login' does.)";

const LOGIN = [
  ...["connection_not_found", "no_refresh_token", "refresh_token_invalid", "refresh_refused", "rotation_lost"],
  ...["interaction_required", "login_required", "token_expired"],
];

/** az's own defaults. */
const DEFAULT_AUTHORITY = "https://login.microsoftonline.com";
const DEFAULT_RESOURCE = "https://management.core.windows.net/";

/** Flag → option. null: its value makes no difference to the token. */
const OPTIONS: Readonly<Record<string, keyof Options | null>> = {
  "--resource": "resource",
  "--scope": "scope",
  "--tenant": "tenant",
  "-t": "tenant",
  "--output": "output",
  "-o": "output",
  "--query": "query",
  "--subscription": null,
  "-s": null,
};

interface Options {
  readonly resource?: string;
  readonly scope?: string;
  readonly tenant?: string;
  readonly output?: string;
  readonly query?: string;
}

async function ask({ words: [group, command, ...rest], env }: Call): Promise<ClientRequest> {
  if (group !== "account" || command !== "get-access-token")
    throw new BadRequest("Of az, only 'az account get-access-token' is answered here.");
  const { resource, scope, tenant, output = "json", query } = optionsIn(rest);
  const asText = output === "tsv" && query === "accessToken";
  if (!asText && (output !== "json" || query !== undefined))
    throw new BadRequest("This prints JSON, or --query accessToken --output tsv.");
  if (resource !== undefined && scope !== undefined)
    throw new BadRequest("There is a resource and a scope: one is enough.");
  return {
    kind: "token",
    place: { origin: originOfServer(env.AZURE_AUTHORITY_HOST || DEFAULT_AUTHORITY), user: null },
    resource: checkResource(resource ?? (scope === undefined ? DEFAULT_RESOURCE : resourceOfScope(scope))),
    answer: (credential) => {
      checkTenant(credential, tenant);
      return asText ? { stdout: `${credential.token.reveal()}\n` } : document(credential);
    },
  };
}

function optionsIn(words: readonly string[]): Options {
  const found: { -readonly [Name in keyof Options]: string } = {};
  for (let at = 0; at < words.length; at++) {
    const [written = "", attached] = (words[at] ?? "").split(/=(.*)/s, 2);
    if (written === "--only-show-errors") continue;
    const name = Object.hasOwn(OPTIONS, written) ? OPTIONS[written] : undefined;
    const value = attached ?? words[++at];
    if (name === undefined || value === undefined)
      throw new BadRequest("This option of az isn't answered here, or has no value.");
    if (name !== null) found[name] = value;
  }
  return found;
}

function resourceOfScope(scope: string): string {
  const [, resource] = /^(.+)\/\.default$/.exec(scope) ?? [];
  if (resource === undefined) throw new BadRequest("A scope has to be a resource's: <resource>/.default.");
  return resource;
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** An address, `api://…`, or an application's id. */
function checkResource(text: string): string {
  if (text.length > 500 || !(GUID.test(text) || /^(https|api):\/\/[\w.~:/-]+$/.test(text)))
    throw new BadRequest("The resource is neither an address nor an application's id.");
  return text;
}

function checkTenant({ settings, organization }: Credential, tenant: string | undefined): void {
  if (tenant === undefined) return;
  const own = [settings.tenant, organization].map((one) => one?.toLowerCase());
  if (!own.includes(tenant.toLowerCase()))
    throw new BadRequest("This connection is of another tenant than the one asked for.");
}

function document({ token, expiresAt, settings, organization }: Credential): Reply {
  if (expiresAt === null) throw new BadRequest("It isn't known when this token ends, and the libraries have to know.");
  return jsonReply({
    accessToken: token.reveal(),
    expiresOn: localTime(new Date(expiresAt)),
    expires_on: Math.floor(expiresAt / 1000),
    tenant: organization ?? settings.tenant,
    tokenType: "Bearer",
  });
}

/** `2026-01-31 09:05:00.000000`, in this machine's zone. */
function localTime(date: Date): string {
  const [month, day, ...time] = [
    ...[date.getMonth() + 1, date.getDate()],
    ...[date.getHours(), date.getMinutes(), date.getSeconds()],
  ].map((number) => String(number).padStart(2, "0"));
  return `${date.getFullYear()}-${month}-${day} ${time.join(":")}.000000`;
}
