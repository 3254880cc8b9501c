/**
 * A new description, for its author to go on from: what is known filled in, what most will need next to it as comments,
 * and above each what it is about.
 */
import type { IssuerDocument } from "../../../oauth/discovery.ts";
import type { EndpointName, Flow } from "../../../providers/schema.ts";

/** One field. `off`: not in force, but written down as an example. */
export interface Line {
  readonly key: string;
  readonly value: unknown;
  readonly comment?: string;
  readonly off?: boolean;
}

/** A group of fields, or (`key` empty) those of the description itself. */
export interface Section {
  readonly key: string;
  readonly comment?: string;
  readonly lines: readonly Line[];
}

export interface Known {
  readonly id: string;
  readonly title: string;
  readonly issuer: string | null;
  readonly endpoints: Readonly<Partial<Record<EndpointName, string>>>;
  /** null: nobody said. */
  readonly scopes: readonly string[] | null;
  readonly document: IssuerDocument | null;
}

export function draft(known: Known): Section[] {
  const { id, title, issuer } = known;
  const flows = flowsOf(known);
  const oauth = flows.length > 1;
  return [
    {
      key: "",
      lines: [
        { key: "id", value: id, comment: "What it is called on the command line, and what people call it." },
        { key: "title", value: title },
        { key: "docs", value: "https://docs.example.com/oauth", off: true },
        {
          key: "flows",
          value: flows,
          comment: "How it can be logged in to, in order of preference. 'token' is a pasted token or API key.",
        },
        ...(issuer === null
          ? []
          : [
              {
                key: "issuer",
                value: issuer,
                comment: "Asked at each login; what it says goes before the endpoints below.",
              },
            ]),
        {
          key: "tokenPatterns",
          value: [`${id}_[A-Za-z0-9]{20,}`],
          off: true,
          comment: "What its tokens look like: they are kept out of logs by it. Never of a fixed length.",
        },
        {
          key: "header",
          value: "Authorization: Bearer {token}",
          off: true,
          comment: "The header that carries a token, where it isn't this one.",
        },
      ],
    },
    endpointsOf(known, oauth),
    ...(oauth ? oauthSections(known) : keySections()),
    {
      key: "environment",
      comment: "Variables with a token: which its own tools read, and which 'auth run' sets.",
      lines: [
        { key: "read", value: [variableOf(id)], off: true },
        { key: "write", value: { [variableOf(id)]: "{token}" }, off: true },
      ],
    },
  ];
}

function flowsOf({ endpoints }: Known): Flow[] {
  const flows: Flow[] = [];
  if (endpoints.device !== undefined) flows.push("device");
  if (endpoints.authorization !== undefined) flows.push("browser");
  return [...flows, "token"];
}

const EXAMPLES: readonly (readonly [EndpointName, string])[] = [
  ["authorization", "https://example.com/oauth/authorize"],
  ["device", "https://example.com/oauth/device/code"],
  ["token", "https://example.com/oauth/token"],
  ["revocation", "https://example.com/oauth/revoke"],
  ["userinfo", "https://api.example.com/me"],
];

function endpointsOf({ endpoints }: Known, oauth: boolean): Section {
  const given = Object.entries(endpoints).map(([key, value]) => ({ key, value }));
  const missing = EXAMPLES.filter(([name]) => endpoints[name] === undefined);
  return {
    key: "endpoints",
    comment: oauth
      ? "Where requests go. Tokens go to these origins, to those of 'origins', and to no other."
      : "With these it can be logged in to by OAuth: then name the flows, 'device' or 'browser', above.",
    lines: [...given, ...missing.map(([key, value]) => ({ key, value, off: true }))],
  };
}

function oauthSections(known: Known): Section[] {
  const { document } = known;
  const methods = document?.authenticationMethods ?? null;
  const isPublic = methods?.every((method) => method === "none") ?? false;
  const isBasic = methods?.includes("client_secret_basic") && !methods.includes("client_secret_post");
  const scopes = scopesOf(known);
  const supported = document?.scopesSupported ?? [];
  const offline = supported.includes("offline_access");
  return [
    {
      key: "client",
      comment: "The OAuth client that people have to create: where, and what to mind there.",
      lines: [
        { key: "create", value: "https://example.com/settings/applications/new", off: true },
        { key: "notes", value: ["Enter the redirect URI that auth names, without a port."], off: true },
        {
          key: "kind",
          value: isPublic ? "public" : "either",
          comment: "public, confidential, or either.",
          off: !isPublic,
        },
        {
          key: "authentication",
          value: "basic",
          comment: "How a secret is sent: in the body, or as Basic credentials.",
          off: !isBasic,
        },
      ],
    },
    {
      key: "scopes",
      ...(supported.length > 0 && { comment: `It says that it knows: ${supported.slice(0, 20).join(", ")}` }),
      lines: [
        { key: "default", value: scopes, comment: "What a login asks for that names none." },
        {
          key: "offline",
          value: "offline_access",
          comment: "The scope without which there is no refresh token, where there is such a one.",
          off: !offline,
        },
      ],
    },
    {
      key: "refresh",
      comment: "What you know of its refresh tokens. Leave out what you don't: the defaults lose no login.",
      lines: [
        {
          key: "rotation",
          value: "rotating",
          off: true,
          comment: "none, rotating, or family: does a refresh replace the refresh token?",
        },
        { key: "graceSeconds", value: 60, off: true, comment: "For how long a replaced one still works." },
        { key: "lifetime", value: { slidingSeconds: 2592000 }, off: true },
      ],
    },
    {
      key: "reply",
      comment: "Where its replies differ from RFC 6749: dotted paths.",
      lines: [
        { key: "accessToken", value: "data.access_token", off: true },
        { key: "expiry", value: { path: "data.expires_at", unit: "epoch" }, off: true },
      ],
    },
    {
      key: "account",
      comment: "Who a token belongs to, as 'endpoints.userinfo' tells it; or the token reply, or the id_token.",
      lines: [
        { key: "from", value: "id_token", off: known.endpoints.userinfo !== undefined || !scopes.includes("openid") },
        { key: "id", value: ["id"], off: true },
        { key: "label", value: ["email", "name"], off: true },
      ],
    },
  ];
}

function keySections(): Section[] {
  return [
    {
      key: "apiKey",
      comment: "A token or key made by hand: where, and what it looks like.",
      lines: [
        { key: "create", value: "https://example.com/settings/tokens", off: true },
        { key: "pattern", value: "key_[A-Za-z0-9]{20,}", off: true },
      ],
    },
  ];
}

function scopesOf({ scopes, document }: Known): readonly string[] {
  if (scopes !== null) return scopes;
  return ["openid", "profile", "email"].filter((scope) => document?.scopesSupported?.includes(scope));
}

function variableOf(id: string): string {
  return `${id.toUpperCase().replaceAll("-", "_")}_TOKEN`;
}
