import { defineProvider } from "auth/provider";

/**
 * One installation of a Sentry integration (sentry.io, or self-hosted): Sentry hands its code to the integration's
 * server when it is installed, and here the code becomes tokens of eight hours.
 */
export default defineProvider({
  id: "sentry-app",
  title: "Sentry integration",
  docs: "https://docs.sentry.io/organization/integrations/integration-platform/public-integration/",

  quirks: [
    "A refresh ends both old tokens at once, and a reply that is lost can't be asked for again: the integration has to be installed anew.",
    "The code works once. Tokens are for one installation: each has a connection of its own.",
    "Tokens always have the scopes of the integration; none can be asked for.",
    "Requests are JSON, and success is status 201.",
  ],
  assumed: ["Tokens live for 8 hours where the reply doesn't say."],

  settings: {
    host: { title: "The Sentry host", kind: "host", env: ["SENTRY_HOST", "SENTRY_URL"], default: "sentry.io" },
    installation: { title: "The installation's uuid", pattern: "[0-9a-fA-F-]+", required: true },
  },

  endpoints: { token: "https://{host}/api/0/sentry-app-installations/{installation}/authorizations/" },

  client: {
    kind: "confidential",
    create: "https://{host}/settings/",
    notes: [
      "Under 'Custom Integrations' create a public integration: its page shows client id and secret.",
      "Sentry sends the code, and the installation's uuid, to its redirect or webhook URL when it is installed.",
    ],
  },

  // A form is answered with 401, "Invalid request".
  request: { format: "json" },

  reply: {
    accessToken: "token",
    refreshToken: "refreshToken",
    scope: "scopes",
    expiry: { path: "expiresAt", unit: "iso", absent: 8 * 3600 },
    error: "detail",
  },

  // The old row is deleted, and both its tokens with it, at once.
  refresh: { rotation: "rotating", killsAccessToken: true },

  errors: {
    codes: {
      "HTTP 401": {
        class: "dead",
        meaning:
          "Sentry knows no such code or refresh token of this integration and installation: it was used before, or the integration was uninstalled.",
        remedy: "Install the integration again, and log in with the new code.",
      },
      "HTTP 403": { class: "client", meaning: "Sentry doesn't give tokens to this integration." },
      "HTTP 400": { class: "client", meaning: "Sentry doesn't understand the request." },
    },
  },

  flows: ["code"],
});
