/** Each built-in provider beside the issuer that speaks its dialect, in the words that the contract test needs. */
import type { Client, Server } from "../../src/oauth/types.ts";
import { Secret } from "../../src/platform/secret.ts";
import { applyOverrides } from "../../src/providers/overrides.ts";
import { type Endpoints, resolveProvider } from "../../src/providers/resolve.ts";
import type { ErrorClass } from "../../src/providers/schema.ts";
import { startEntra } from "../issuers/entra.ts";
import { startGithub } from "../issuers/github.ts";
import { startGoogle } from "../issuers/google.ts";
import type { Devices } from "../issuers/grants.ts";
import { startSentry } from "../issuers/sentry.ts";
import type { Server as Issuer } from "../issuers/server.ts";
import { definitionOf } from "./builtin.ts";

/** An issuer running, and the provider pointed at it as `--endpoint` does. */
export interface Running {
  readonly issuer: Issuer;
  readonly server: Server;
  readonly devices: Devices;
  readonly clients: { readonly device: Client; readonly browser: Client };
  /** A client that the issuer refuses. */
  readonly stranger: Client;
  readonly scopes: readonly string[];
  /** Who logs in, as people know it. */
  readonly label: string;
  readonly tokenPath: string;
  /** What revoking with the device client ends in. */
  readonly revoked: boolean | "unsupported";
  /** What the person, or their organisation, does at the provider. */
  readonly decisions: object;
  /** Every grant dies at the provider. */
  kill(): void;
  isLive(accessToken: string): boolean;
}

export const dialects: Readonly<Record<string, () => Running>> = {
  "github as a GitHub App": () => github("app"),
  "github as an OAuth App": () => github("oauth-app"),
  google,
  "sentry with a public client": () => sentry("public"),
  "sentry with a confidential client": () => sentry("confidential"),
  entra,
};

const CLAIMS = '{"access_token":{"capolids":{"essential":true}}}';

/** Refusals of a refresh besides a dead grant: the decision that brings one about, and what it must be taken for. */
export const refusals: Readonly<
  Record<
    string,
    Readonly<Record<string, { decision: object; class: ErrorClass; providerError: string; claims?: string }>>
  >
> = {
  google: {
    "session control": { decision: { reauthenticate: true }, class: "interaction", providerError: "invalid_grant" },
  },
  entra: {
    "a claims challenge": {
      decision: challenge("interaction_required", 50076, { suberror: "basic_action", claims: CLAIMS }),
      class: "interaction",
      providerError: "interaction_required",
      claims: CLAIMS,
    },
    "a number beside invalid_grant": {
      decision: challenge("invalid_grant", 65001, { suberror: "consent_required" }),
      class: "interaction",
      providerError: "invalid_grant",
    },
    "a block that no login mends": {
      decision: challenge("invalid_grant", 53003),
      class: "client",
      providerError: "invalid_grant",
    },
    "trouble that passes": {
      decision: challenge("invalid_grant", 90033),
      class: "transient",
      providerError: "invalid_grant",
    },
  },
};

function challenge(error: string, code: number, more: object = {}): object {
  return { challenge: { error, code, description: "Something is in the way.", ...more } };
}

function github(mode: "app" | "oauth-app"): Running {
  const issuer = startGithub({ mode });
  const client = clientOf(issuer.clientId, issuer.clientSecret);
  return {
    ...common("github", issuer, issuer.endpoints),
    clients: { device: client, browser: client },
    stranger: clientOf("Iv1.stranger", "wrong"),
    label: "octocat",
    tokenPath: "/login/oauth/access_token",
    revoked: true,
    decisions: issuer.decisions,
  };
}

function google(): Running {
  const issuer = startGoogle();
  return {
    ...common("google", issuer, issuer.endpoints),
    clients: {
      device: clientOf(issuer.tv.id, issuer.tv.secret),
      browser: clientOf(issuer.desktop.id, issuer.desktop.secret),
    },
    stranger: clientOf(issuer.tv.id, "wrong"),
    label: "ada@example.com",
    tokenPath: "/token",
    revoked: true,
    decisions: issuer.decisions,
  };
}

function sentry(kind: "public" | "confidential"): Running {
  const issuer = startSentry();
  const { id, secret } = kind === "public" ? issuer.publicClient : issuer.confidentialClient;
  const client = clientOf(id, secret);
  return {
    ...common("sentry", issuer, issuer.endpoints),
    clients: { device: client, browser: client },
    stranger: clientOf("stranger", null),
    label: "grace@example.com",
    tokenPath: "/oauth/token/",
    // A public client can't revoke there.
    revoked: kind === "confidential",
    decisions: issuer.decisions,
  };
}

function entra(): Running {
  const issuer = startEntra();
  const client = clientOf(issuer.publicClient.id, null);
  return {
    ...common("entra", issuer, issuer.endpoints),
    clients: { device: client, browser: client },
    stranger: clientOf("11111111-0000-0000-0000-000000000000", null),
    label: "alan@contoso.example",
    tokenPath: "/common/oauth2/v2.0/token",
    revoked: "unsupported",
    decisions: issuer.decisions,
  };
}

function common(
  id: string,
  issuer: { server: Issuer; devices: Devices; kill(): void; isLive(token: string): boolean },
  endpoints: Endpoints,
) {
  const resolved = applyOverrides(resolveProvider(definitionOf(id), {}), { endpoints });
  const { default: scopes, offline } = resolved.dialect.scopes;
  return {
    issuer: issuer.server,
    server: { dialect: resolved.dialect, issuer: resolved.issuer, endpoints: resolved.endpoints, issRequired: false },
    devices: issuer.devices,
    scopes: offline === undefined ? scopes : [...scopes, offline],
    kill: issuer.kill,
    isLive: issuer.isLive,
  };
}

function clientOf(id: string, secret: string | null): Client {
  return { id, secret: secret === null ? null : new Secret(secret), authentication: secret === null ? "none" : "body" };
}
