import { defineProvider } from "auth/provider";

/** Any MCP server that takes tokens: `auth login https://mcp.example.com/mcp`. */
export default defineProvider({
  id: "mcp",
  title: "MCP server",
  docs: "https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization",

  quirks: [
    "'auth login https://mcp.example.com/mcp' is enough: the server says who gives tokens for it (RFC 9728), and that issuer where (RFC 8414).",
    "The connection is named by what the server calls itself, `mcp:mcp.example.com/mcp`; its URL is taken wherever a connection is.",
    "The client: --client-id, or the one kept for that issuer; else the document at --client-metadata-url, where the issuer reads such documents; else one is registered (RFC 7591).",
    "Clients are kept by issuer, and one is never shown to another. A server that names another issuer than at the login needs a new login, with a client of that issuer's.",
    "A token that the server's own pages give (a personal access token) is kept by --token -, and goes to that server alone. Refused, it isn't renewed: paste another.",
    "Scopes are those that the server's refusal asks for, else all of its metadata's, else none. --add-scope asks for more besides those of the login.",
    "The server's name goes along as `resource` with each request for tokens, refreshes included; --no-resource leaves it out, for issuers that refuse it (Entra: AADSTS9010010).",
    "The browser is sent back to 127.0.0.1 at the first free port of 28840 to 28844: those are registered, since many issuers compare the port.",
  ],
  assumed: [
    "A used refresh token that is shown again ends the login: so it never is.",
    "prompt=consent is sent with offline_access, without which some give no refresh token.",
  ],
  settings: {
    server: { title: "The MCP server's URL", kind: "url", required: true },
  },
  resource: "{server}",
  client: {
    notes: ["Create a public (native) client that may use the authorization code and refresh token grants, with PKCE."],
  },
  authorize: {
    offlineParameters: { prompt: "consent" },
    redirect: { ports: [28840, 28841, 28842, 28843, 28844] },
  },
  scopes: { offline: "offline_access" },
  errors: {
    codes: {
      invalid_grant: {
        class: "dead",
        meaning:
          "The issuer no longer accepts this login: it was ended there, expired, or its refresh token was used twice.",
        remedy: "Log in again.",
      },
      invalid_redirect_uri: {
        class: "client",
        meaning: "The client doesn't allow this redirect.",
        remedy: "On the client's page, enter {redirectUri}",
      },
      invalid_target: {
        class: "client",
        meaning: "The issuer gives no tokens for this server.",
        remedy: "If it refuses any resource, log in with --no-resource.",
      },
    },
  },
  refresh: { rotation: "family" },
  // The token is for the server alone: it isn't shown to an endpoint for accounts.
  account: { from: "id_token" },
  // A service speaks as its client: there is no account to ask for.
  minting: {
    exchange: {
      use: "grant",
      audience: "{issuer}",
      parameters: { scope: "{scope}" },
      account: "{clientId}",
      notes: ["The server's issuer has to trust the one whose token it is."],
    },
    "client-credentials": {
      use: "assertion",
      account: "{clientId}",
      notes: ["Create a confidential client that may use the client credentials grant."],
    },
  },
  flows: [{ flow: "browser", when: "browser" }, "device", "exchange", "client-credentials", "token"],
});
