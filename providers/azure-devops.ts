import { defineProvider } from "auth/provider";

/**
 * Azure DevOps' own OAuth, for apps that still have it: it takes no new ones since April 2025, and ends in 2026 [K].
 * Entra is the way from now on: `auth login entra:devops --scope 499b84ac-1321-427f-aa17-267ca6975798/.default`.
 */
export default defineProvider({
  id: "azure-devops",
  title: "Azure DevOps",
  aliases: ["ado"],
  docs: "https://learn.microsoft.com/azure/devops/integrate/get-started/authentication/azure-devops-oauth",

  quirks: [
    "No new apps since April 2025: Entra is the way, auth login entra:devops --scope 499b84ac-1321-427f-aa17-267ca6975798/.default",
    "The redirect is https only, also for this machine: the browser ends there, and its address is pasted, or passed with --callback -.",
    "Each refresh names the redirect again, so it is kept with the connection.",
    "Secret and code, or refresh token, go as two assertions; the client is not named.",
    "The lifetime comes as text, and errors as 'Error' and 'ErrorDescription'.",
  ],
  assumed: [
    "It ends in 2026.",
    "A token lives for an hour where the reply doesn't say.",
    "A refresh replaces the refresh token: one that comes back is kept, one that doesn't stays.",
    "The scope is vso.profile: --scope asks for those that the app has.",
  ],

  settings: {
    // Each refresh has to name it again.
    redirectUri: {
      title: "The app's callback URL, https even for this machine",
      kind: "url",
      pattern: "https://.+",
      required: true,
    },
  },

  endpoints: {
    authorization: "https://app.vssps.visualstudio.com/oauth2/authorize",
    token: "https://app.vssps.visualstudio.com/oauth2/token",
    userinfo: "https://app.vssps.visualstudio.com/_apis/profile/profiles/me",
  },
  origins: ["https://dev.azure.com"],

  client: {
    kind: "confidential",
    create: "https://app.vsaex.visualstudio.com/me",
    notes: [
      "New apps can no longer be made here: use Entra, auth login entra -p devops --scope 499b84ac-1321-427f-aa17-267ca6975798/.default",
      "The app id is the client id; the client secret is the long one.",
      "Give the callback URL as --redirect-uri: the page that it leads to shows nothing, but its address holds the code.",
    ],
  },

  authorize: { pkce: false },
  // [K]
  scopes: { default: ["vso.profile"] },

  // The client's secret and the code, or refresh token, are sent as two assertions: no client is named, nothing is signed.
  request: {
    names: { client_id: false, client_secret: "client_assertion", code: "assertion", refresh_token: "assertion" },
    grantTypes: { authorization_code: "urn:ietf:params:oauth:grant-type:jwt-bearer" },
    tokenParameters: { client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" },
    refreshParameters: {
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      redirect_uri: "{redirectUri}",
    },
  },

  // expires_in is a text. [K] An hour.
  reply: { tokenTypes: ["jwt-bearer"], expiry: { absent: 3600 }, error: "Error", errorDescription: "ErrorDescription" },

  errors: {
    codes: {
      invalid_grant: {
        class: "dead",
        meaning: "Azure DevOps no longer accepts this login, or the redirect isn't the one that it was made with.",
        remedy: "Log in again, with the app's own --redirect-uri.",
      },
      invalid_client: {
        class: "client",
        meaning: "Azure DevOps doesn't accept the app's secret: it is not the client secret, or it has expired.",
        remedy: "Make a new one on the app's page, then: {setClient}",
      },
    },
  },

  // [K]
  refresh: { rotation: "rotating" },

  account: { id: ["id"], label: ["emailAddress", "displayName"] },

  flows: ["browser"],
});
