import { defineProvider } from "auth/provider";

/** Any issuer that publishes discovery metadata: `auth login https://issuer.example/realms/main`. */
export default defineProvider({
  id: "oidc",
  title: "OpenID Connect",
  aliases: ["openid"],
  docs: "https://openid.net/specs/openid-connect-discovery-1_0.html",

  quirks: [
    "'auth login https://issuer.example' is enough: endpoints come from its discovery document, and a client is registered where the issuer takes registrations (RFC 7591).",
    "What the issuer asks for is done by itself: pushed requests (RFC 9126), its name in the answer (RFC 9207), keys instead of secrets (--key), tokens bound to a key (DPoP, RFC 9449).",
    "Without offline_access an issuer may give no refresh token: it is asked for, unless the issuer lists its scopes without it or --scope names others. Where no refresh token comes, the login says so and ends with the access token.",
    "--resource asks for tokens of one API (RFC 8707).",
    "A service logs in without a person: --flow client-credentials --client-id <id> --client-secret -.",
  ],
  assumed: [
    "A used refresh token that is shown again ends the login: so it never is.",
    "prompt=consent is sent with offline_access, without which some give no refresh token.",
  ],
  settings: {
    issuer: { title: "The issuer's URL", kind: "url", required: true },
  },
  issuer: "{issuer}",
  client: {
    notes: [
      "Create a public (native) client that may use the authorization code, device code and refresh token grants.",
    ],
  },
  // Without both an issuer may leave out the refresh token (OpenID Connect Core §11).
  authorize: { offlineParameters: { prompt: "consent" } },
  scopes: { default: ["openid", "profile", "email"], offline: "offline_access" },
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
        meaning: "The issuer knows no such API, or doesn't give tokens for it.",
        remedy: "Check --resource.",
      },
    },
  },
  // Issuers that rotate often end the whole grant when an old refresh token comes back; none has to say so.
  refresh: { rotation: "family" },
  // A service speaks as its client: there is no account to ask for.
  minting: {
    "client-credentials": {
      use: "assertion",
      account: "{clientId}",
      notes: ["Create a confidential client that may use the client credentials grant."],
    },
  },
  flows: [{ flow: "browser", when: "browser" }, "device", "client-credentials"],
});
