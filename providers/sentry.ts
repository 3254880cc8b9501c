import { defineProvider } from "auth/provider";

/** sentry.io and self-hosted Sentry (26.1.0 or later for the device flow). */
export default defineProvider({
  id: "sentry",
  title: "Sentry",
  docs: "https://docs.sentry.io/api/auth/",

  quirks: [
    "Tokens live for 30 days, and the refresh token dies with them: 'auth refresh --all' once a week keeps a login for good. It is refreshed three days before the end.",
    "A refresh ends the old refresh token and the old access token at once, and a used refresh token that is shown again ends the whole login. So only one program may refresh: let it be this one.",
    "A refresh that names scopes is refused: to change them, log in again.",
    "A token without an expiry is possible: it is never due by time.",
    "An organisation's token ('sntrys_…') names the Sentry it belongs to, and goes nowhere else.",
    "An application of an organisation asks in the browser which one, and its tokens are good for that one only.",
    "A public client can't end its tokens at Sentry: logging out erases them here, and they live on until they expire. End them at https://sentry.io/settings/account/authorizations/.",
    "Data of an organisation lies at us.sentry.io or de.sentry.io: the token goes there too, and nowhere else.",
  ],
  assumed: [
    "Whose a pasted token is says '/api/0/': --endpoint userinfo=<url>, or --no-verify.",
    "Logging out posts to '/oauth/revoke/': --endpoint revocation=<url>.",
  ],

  // User, organisation, user-app and integration tokens. An OAuth token has no prefix.
  tokenPatterns: ["sntry[usai]_[A-Za-z0-9+/=_-]{20,}"],

  settings: {
    host: { title: "The Sentry host", kind: "host", env: ["SENTRY_HOST", "SENTRY_URL"], default: "sentry.io" },
  },

  // The slash at the end is part of each address.
  endpoints: {
    authorization: "https://{host}/oauth/authorize/",
    device: "https://{host}/oauth/device/code/",
    token: "https://{host}/oauth/token/",
    // Versions up to 2026 refuse a client without a secret here: it is tried all the same.
    revocation: "https://{host}/oauth/revoke/",
    userinfo: "https://{host}/api/0/",
  },

  variants: [
    {
      when: { host: "sentry\\.io" },
      // Where sentry.io keeps the data of an organisation.
      origins: ["https://us.sentry.io", "https://de.sentry.io"],
    },
  ],

  client: {
    create: "https://{host}/settings/account/api/applications/",
    notes: [
      "Choose the type 'Public': it has no secret, and device login and refresh work without one.",
      "Enter the redirect URI without a port: Sentry then takes any.",
      "Self-hosted Sentry needs version 26.1.0 for the device flow, and an application of its own.",
    ],
    environment: { id: ["SENTRY_CLIENT_ID"] },
  },

  scopes: {
    default: [
      "org:read",
      "project:read",
      "project:write",
      "project:releases",
      "team:read",
      "member:read",
      "event:read",
    ],
  },

  refresh: {
    // A used refresh token never works again, and (public clients) brings down every token made from it.
    rotation: "family",
    // The same row holds both tokens: the old access token stops working at once.
    killsAccessToken: true,
    // The refresh token dies together with the access token, after 30 days: it has to be used well before.
    lifetime: { slidingSeconds: 30 * 24 * 3600 },
    marginSeconds: 3 * 24 * 3600,
  },

  // An error is `{"error": code}` and nothing more.
  errors: {
    codes: {
      invalid_grant: {
        class: "dead",
        meaning:
          "Sentry no longer accepts this login: it was used before, expired or revoked, or its application was switched off.",
        remedy: "Log in again.",
      },
      unauthorized_client: {
        class: "client",
        meaning: "This client may not log in this way.",
        remedy: "A device login and a refresh without a secret need a client of the type 'Public'.",
      },
      invalid_request: {
        class: "client",
        meaning:
          "Sentry doesn't understand the request: a redirect that isn't the client's, or a public client without PKCE.",
        remedy: "On the application's page, enter {redirectUri}",
      },
      invalid_scope: {
        class: "client",
        meaning: "Sentry doesn't know one of the scopes.",
        remedy: "Check them against https://docs.sentry.io/api/permissions/.",
      },
      invalid_client: {
        class: "client",
        meaning: "This Sentry doesn't know the client, or doesn't accept its secret.",
        remedy: "Check the client id. A self-hosted Sentry needs an application of its own.",
      },
    },
  },

  device: {
    errors: {
      // The route doesn't exist there, and what does wants a form of its own.
      "HTML 403": {
        class: "client",
        meaning: "This Sentry answers with a page: it is older than 26.1.0, and knows no device login.",
        remedy: "Update it; or log in with --flow browser; or paste a token: --token -",
      },
    },
  },

  environment: {
    read: ["SENTRY_AUTH_TOKEN", "SENTRY_TOKEN"],
    // The host goes along, so that one left over in the environment can't take the token elsewhere.
    write: { SENTRY_AUTH_TOKEN: "{token}", SENTRY_HOST: "{host}", SENTRY_URL: "https://{host}" },
  },

  // Token replies say whose they are; for a pasted token `/api/0/` does, in the same words.
  account: {
    from: "reply",
    id: ["user.id"],
    label: ["user.email", "user.name", "user.username"],
    organization: ["organization_id"],
  },

  // An organisation's token is `sntrys_`, unsigned JSON that names its Sentry, and the secret.
  apiKey: {
    create: "https://{host}/settings/account/api/auth-tokens/",
    belongsTo: { prefix: "sntrys_", path: "url" },
  },

  flows: ["device", "browser", "token"],
});
