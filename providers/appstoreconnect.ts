import { defineProvider } from "auth/provider";

/** App Store Connect has no OAuth: a token is a JWT that the key signs, here and without asking anyone. */
export default defineProvider({
  id: "appstoreconnect",
  title: "App Store Connect",
  aliases: ["asc"],
  docs: "https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests",

  quirks: [
    "No request is sent for a token, and nothing is refreshed: each is signed here, lives for 18 minutes, and a new one is signed when it is due.",
    "Apple takes no token that lives for more than 20 minutes, by its own clock: keep this machine's right.",
    "The .p8 file can be downloaded once. Here it is kept sealed, so the file can be deleted.",
    "401 from the API means that the key was revoked or isn't this id's; 403, that its role may not do that.",
    "Only revoking the key at App Store Connect ends its tokens.",
  ],
  assumed: [
    "An individual key says 'sub: user' and no issuer: --issuer-id makes it a team's.",
    "The variables are fastlane's: --key-id and --issuer-id go before them.",
  ],

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
