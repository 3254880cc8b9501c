/**
 * A template of a new description: known fields filled in, fields that most need as comments, and above each its
 * explanation. `# ` begins a comment, `#` alone an example field.
 */
import type { IssuerDocument } from "../../oauth/discovery.ts";
import type { EndpointName, Flow, ProviderDefinition } from "../../providers/schema.ts";

export interface Known {
  readonly id: string;
  readonly title: string;
  readonly issuer: string | null;
  readonly endpoints: Readonly<Partial<Record<EndpointName, string>>>;
  /** null: not given. */
  readonly scopes: readonly string[] | null;
  readonly document: IssuerDocument | null;
}

/** As a manifest in TOML. @param head lines of the comment at its top */
export function manifestDraft(known: Known, head: readonly string[]): string {
  const { id, title, issuer, endpoints } = known;
  const flows: Flow[] = [
    ...(endpoints.device === undefined ? [] : (["device"] as const)),
    ...(endpoints.authorization === undefined ? [] : (["browser"] as const)),
    "token",
  ];
  const variable = `${id.toUpperCase().replaceAll("-", "_")}_TOKEN`;
  const issuerField =
    issuer === null
      ? ""
      : `
# Asked at each login; its answer takes the place of the endpoints below.
issuer = ${toml(issuer)}`;
  return `${head.map((line) => `# ${line}`.trimEnd()).join("\n")}

# What it is called on the command line, and what people call it.
id = ${toml(id)}
title = ${toml(title)}
#docs = "https://docs.example.com/oauth"
# How it can be logged in to, in order of preference. 'token' is a pasted token or API key.
flows = ${toml(flows)}${issuerField}
# What its tokens look like: they are kept out of logs by it. Never of a fixed length.
#tokenPatterns = ["${id}_[A-Za-z0-9]{20,}"]
# The header that carries a token, where it isn't this one.
#header = "Authorization: Bearer {token}"

${endpointsSection(known, flows.length > 1)}

${flows.length > 1 ? oauthSections(known) : API_KEY}

# Variables with a token: which its own tools read, and which 'auth run' sets.
#[environment]
#read = ["${variable}"]
#write = { ${variable} = "{token}" }
`;
}

const EXAMPLES: readonly (readonly [EndpointName, string])[] = [
  ["authorization", "https://example.com/oauth/authorize"],
  ["device", "https://example.com/oauth/device/code"],
  ["token", "https://example.com/oauth/token"],
  ["revocation", "https://example.com/oauth/revoke"],
  ["userinfo", "https://api.example.com/me"],
];

function endpointsSection({ endpoints }: Known, isOAuth: boolean): string {
  const about = isOAuth
    ? "Where requests go. Tokens go to these origins, to those of 'origins', and to no other."
    : "With these it can be logged in to by OAuth: then name the flows, 'device' or 'browser', above.";
  const given = Object.entries(endpoints).map(([name, url]) => `${name} = ${toml(url)}`);
  const missing = EXAMPLES.filter(([name]) => endpoints[name] === undefined);
  const examples = missing.map(([name, url]) => `#${name} = ${toml(url)}`);
  return [`# ${about}`, `${given.length === 0 ? "#" : ""}[endpoints]`, ...given, ...examples].join("\n");
}

const API_KEY = `# A token or key made by hand: where, and what it looks like.
#[apiKey]
#create = "https://example.com/settings/tokens"
#pattern = "key_[A-Za-z0-9]{20,}"`;

function oauthSections({ endpoints, scopes, document }: Known): string {
  const methods = document?.authenticationMethods ?? null;
  const isPublic = methods?.every((method) => method === "none") ?? false;
  const isBasic = (methods?.includes("client_secret_basic") && !methods.includes("client_secret_post")) ?? false;
  const supported = document?.scopesSupported ?? [];
  const defaults = scopes ?? ["openid", "profile", "email"].filter((scope) => supported.includes(scope));
  const hasIdToken = endpoints.userinfo === undefined && defaults.includes("openid");
  const known = supported.length === 0 ? "" : `# Scopes that it lists: ${oneLine(supported.slice(0, 20).join(", "))}\n`;
  return `# The OAuth client that people have to create: where, and what to mind there.
${isPublic || isBasic ? "" : "#"}[client]
#create = "https://example.com/settings/applications/new"
#notes = ["Enter the redirect URI that auth names, without a port."]
# public, confidential, or either.
${isPublic ? "" : "#"}kind = "${isPublic ? "public" : "either"}"
# How a secret is sent: in the body, or as Basic credentials.
${isBasic ? "" : "#"}authentication = "basic"

${known}[scopes]
# What a login asks for that names none.
default = ${toml(defaults)}
# The scope without which there is no refresh token, where there is such a one.
${supported.includes("offline_access") ? "" : "#"}offline = "offline_access"

# What you know of its refresh tokens. Leave out what you don't: the defaults lose no login.
#[refresh]
# none, rotating, or family: does a refresh replace the refresh token?
#rotation = "rotating"
# For how long a replaced one still works.
#graceSeconds = 60
#lifetime = { slidingSeconds = 2592000 }

# Where its replies differ from RFC 6749: dotted paths.
#[reply]
#accessToken = "data.access_token"
#expiry = { path = "data.expires_at", unit = "epoch" }

# Who a token belongs to: by the answer of 'endpoints.userinfo', or by the token reply, or by the id_token.
${hasIdToken ? "" : "#"}[account]
${hasIdToken ? "" : "#"}from = "id_token"
#id = ["id"]
#label = ["email", "name"]`;
}

/** JSON's escapes are TOML's too, but that JSON leaves DEL as it is. */
function toml(value: string | readonly string[]): string {
  if (typeof value !== "string") return `[${value.map(toml).join(", ")}]`;
  return JSON.stringify(value).replaceAll("\x7f", "\\u007F");
}

/** Discovered text comes from outside: it must not end the comment. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ");
}

/** The same as a module in TypeScript, for what a manifest can't say. */
export function moduleDraft(definition: ProviderDefinition, head: readonly string[]): string {
  const fields = JSON.stringify(definition, null, 2).replace(/^( +)"(\w+)":/gm, "$1$2:");
  return `import { defineProvider } from "auth/provider";

${head.map((line) => `// ${line}`.trimEnd()).join("\n")}
export default defineProvider(${fields.slice(0, -2)},

  // What data can't say. Pure functions: no network, no state, an answer at once.
  // functions: {
  //   // What is about to be sent, and what is sent instead.
  //   request: ({ endpoint, parameters, headers }) => ({ parameters, headers }),
  //   // A token reply's body, in the words of RFC 6749.
  //   reply: ({ status, headers, body }) => body,
  //   // The answer of endpoints.userinfo, for 'account' to be read from.
  //   account: (body) => body,
  // },
});
`;
}
