import { defineProvider } from "auth/provider";

/** App Store Connect has no OAuth: a token is a JWT that the key signs, here and without asking anyone. */
export default defineProvider({
  id: "appstoreconnect",
  title: "App Store Connect",
  docs: "https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests",

  settings: {
    // [K] The variables are fastlane's.
    keyId: {
      title: "The key's id, as its file is named: AuthKey_<id>.p8",
      env: ["APP_STORE_CONNECT_API_KEY_KEY_ID"],
      pattern: "[A-Za-z0-9]+",
      required: true,
    },
    issuerId: {
      title: "The issuer id of a team's keys; an individual key has none",
      env: ["APP_STORE_CONNECT_API_KEY_ISSUER_ID"],
      pattern: "[A-Za-z0-9-]+",
    },
  },

  origins: ["https://api.appstoreconnect.apple.com"],

  minting: {
    jwt: {
      use: "bearer",
      sign: {
        algorithm: "ES256",
        header: { kid: "{keyId}" },
        // [K] for individual keys.
        claims: { iss: "{issuerId}", sub: { value: "user", unless: "issuerId" }, aud: "appstoreconnect-v1" },
        // Apple takes no more than twenty minutes.
        lifetimeSeconds: 1140,
        backdateSeconds: 30,
      },
      account: "key {keyId}",
      notes: [
        "Make a key: https://appstoreconnect.apple.com/access/integrations/api (its .p8 file can be downloaded once)",
        "Give --key-id, and --issuer-id for a team's key.",
      ],
    },
  },

  flows: ["jwt"],
});
