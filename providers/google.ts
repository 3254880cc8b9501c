import { defineProvider } from "auth/provider";

/** Google accounts, with a client of the type "Desktop app" (browser) or "TVs and Limited Input devices" (device). */
export default defineProvider({
  id: "google",
  title: "Google",
  aliases: ["gcloud", "gcp"],
  docs: "https://developers.google.com/identity/protocols/oauth2/native-app",

  quirks: [
    "While the app is External and in Testing, a login dies after 7 days, unless it has only openid, email and profile. Publish the app: https://console.cloud.google.com/auth/audience.",
    "An account has at most 100 living logins for each client: one more ends the oldest, without a word.",
    "A login also dies when it is unused for six months, when access is removed at https://myaccount.google.com/connections, and, with Gmail's scopes, when the password changes.",
    "People choose which scopes to grant. What was left out is said after the login; asking again is a new login.",
    "A refresh brings no new refresh token: the first one stays, and two refreshes at once do no harm.",
    "Logging out ends every login of this account and client: where another connection has one, it is only erased here.",
    "A client made for iOS, Android or Chrome can't come back to this machine: make a 'Desktop app'.",
    "Google Ads asks each call for a developer token besides, in the header developer-token.",
    "An organisation may ask for a new sign-in every few hours (invalid_rapt): no program can do that for a person.",
  ],
  assumed: [
    "The device flow gives only the scopes listed under 'Flows': --force asks for others all the same.",
    "Client secret and tokens look like 'GOCSPX-…', 'ya29.…' and '1//…': by that they are kept out of logs, besides by their values.",
    "Addresses are those of Google's discovery document: --endpoint <name>=<url>, or --issuer https://accounts.google.com, takes others.",
    "Workload identity's tokens are asked for at sts.googleapis.com, for the audience 'https:<--audience>': --endpoint mint=<url>, and --subject-token with a token of your own.",
  ],

  // [K]
  tokenPatterns: ["ya29\\.[A-Za-z0-9._-]+", "1//[A-Za-z0-9_-]{20,}", "GOCSPX-[A-Za-z0-9_-]+", "AIza[A-Za-z0-9_-]{30,}"],

  settings: {
    subject: { title: "Whom a service account acts for, by domain-wide delegation", flows: ["jwt"] },
    audience: { title: "The workload identity provider: //iam.googleapis.com/projects/…", flows: ["exchange"] },
  },

  endpoints: {
    authorization: "https://accounts.google.com/o/oauth2/v2/auth",
    device: "https://oauth2.googleapis.com/device/code",
    token: "https://oauth2.googleapis.com/token",
    revocation: "https://oauth2.googleapis.com/revoke",
    userinfo: "https://openidconnect.googleapis.com/v1/userinfo",
    mint: "https://sts.googleapis.com/v1/token",
  },
  origins: ["https://www.googleapis.com"],
  // https://cloud.google.com/artifact-registry/docs/docker/authentication#token: the registries take a token with this name only.
  tokenUser: "oauth2accesstoken",

  // https://docs.cloud.google.com/mcp/set-up-authentication-mcp-servers
  mcp: {
    hosts: ["*.googleapis.com"],
    secret: true,
    notes: [
      "Choose the type 'Desktop app', in a project in which the server's API is switched on.",
      "You need the role 'MCP Tool User' (roles/mcp.toolUser) there.",
    ],
  },
  client: {
    kind: "confidential",
    create: "https://console.cloud.google.com/auth/clients",
    notes: [
      "Choose the type 'Desktop app': its loopback redirect needs no entry. For the device flow: 'TVs and Limited Input devices'.",
      "Both types have a secret that has to be given too; Google doesn't count it as one.",
      "While the app is External and in Testing, its logins die after 7 days: publish it.",
    ],
  },

  authorize: {
    // Without these a client that was approved before gets no refresh token.
    parameters: { access_type: "offline", prompt: "consent" },
  },

  scopes: {
    default: ["openid", "email", "profile"],
    // https://developers.google.com/identity/protocols/oauth2/scopes; each of them sensitive, or restricted.
    presets: {
      ads: ["openid", "email", "https://www.googleapis.com/auth/adwords"],
      youtube: ["openid", "email", "https://www.googleapis.com/auth/youtube"],
      "youtube-readonly": ["openid", "email", "https://www.googleapis.com/auth/youtube.readonly"],
      "search-console": ["openid", "email", "https://www.googleapis.com/auth/webmasters"],
      "search-console-readonly": ["openid", "email", "https://www.googleapis.com/auth/webmasters.readonly"],
    },
  },

  // A refresh brings no new refresh token: the old one stays.
  refresh: { rotation: "none" },

  errors: {
    subcodes: ["error_subtype"],
    codes: {
      invalid_grant: {
        class: "dead",
        meaning:
          "Google no longer accepts this login: access was removed, it was unused for six months, the app is in Testing (7 days), or 100 newer logins pushed it out.",
        remedy:
          "Log in again. If the last login was a week ago, publish the app: https://console.cloud.google.com/auth/audience",
      },
      invalid_rapt: {
        class: "interaction",
        meaning: "Your organisation wants you to sign in again from time to time (session control).",
        remedy: "Log in again. An administrator can exempt the app.",
      },
      // [K]
      rapt_required: {
        class: "interaction",
        meaning: "Your organisation wants you to sign in again.",
        remedy: "Log in again. An administrator can exempt the app.",
      },
      deleted_client: {
        class: "client",
        meaning: "This client was deleted.",
        remedy: "Create another one, then log in with it.",
      },
      disabled_client: { class: "client", meaning: "This client is switched off." },
      org_internal: {
        class: "client",
        meaning: "This app is only for accounts of its own organisation.",
        remedy: "Log in with such an account, or use a client of another project.",
      },
      admin_policy_enforced: {
        class: "client",
        meaning: "Your administrator doesn't allow this app, or one of the scopes.",
        remedy: "Ask the administrator of your Google Workspace.",
      },
      redirect_uri_mismatch: {
        class: "client",
        meaning: "This client doesn't take a redirect to this machine.",
        remedy: "Use a client of the type 'Desktop app', or enter {redirectUri} on this one's page.",
      },
      invalid_scope: {
        class: "client",
        meaning: "Google doesn't know a scope, or doesn't give it by this flow: the device flow has only a few.",
        remedy: "Check the scopes, or log in with --flow browser.",
      },
      internal_failure: "transient",
    },
  },

  // Revoking either token ends the whole grant of this account and client.
  revocation: { endsGrant: true },

  environment: {
    // [K] gcloud's, then Terraform's.
    read: ["CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"],
    write: { CLOUDSDK_AUTH_ACCESS_TOKEN: "{token}", GOOGLE_OAUTH_ACCESS_TOKEN: "{token}" },
  },

  account: { id: ["sub"], label: ["email", "name", "sub"], organization: ["hd"] },

  minting: {
    jwt: {
      use: "grant",
      sign: {
        algorithm: "RS256",
        header: { kid: "{keyId}" },
        claims: { iss: "{email}", sub: "{subject}", aud: "{tokenEndpoint}", scope: "{scope}" },
        lifetimeSeconds: 3600,
        backdateSeconds: 30,
      },
      scopes: ["https://www.googleapis.com/auth/cloud-platform"],
      files: [
        {
          type: "service_account",
          key: "private_key",
          values: { email: "client_email", keyId: "private_key_id" },
          endpoint: "token_uri",
        },
        // What gcloud writes: a person's login, not a key.
        {
          type: "authorized_user",
          login: { refreshToken: "refresh_token", clientId: "client_id", clientSecret: "client_secret" },
        },
      ],
      errors: {
        invalid_grant: {
          class: "dead",
          meaning:
            "Google doesn't accept the service account's key: it was deleted, the account is gone, or the clock is off.",
          remedy: "Make a new key, then log in with it: --key <file>",
        },
        unauthorized_client: {
          class: "client",
          meaning: "The service account may not act for this person, or not with these scopes.",
          remedy: "An administrator allows it under 'Domain-wide delegation'.",
        },
      },
      account: "{email}",
      notes: ["Make a JSON key: https://console.cloud.google.com/iam-admin/serviceaccounts"],
    },
    // [K] Workload identity federation, the tokens used directly.
    exchange: {
      use: "exchange",
      endpoint: "mint",
      needs: ["audience"],
      scopes: ["https://www.googleapis.com/auth/cloud-platform"],
      parameters: {
        audience: "{audience}",
        requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      },
      audience: "https:{audience}",
      account: "{audience}",
    },
  },

  flows: [
    { flow: "browser", when: "browser" },
    {
      flow: "device",
      // [K] All that Google gives by this flow: nothing of Cloud, Gmail or Calendar.
      scopes: [
        "openid",
        "email",
        "profile",
        "https://www.googleapis.com/auth/drive.appdata",
        "https://www.googleapis.com/auth/drive.file",
        "https://www.googleapis.com/auth/youtube",
        "https://www.googleapis.com/auth/youtube.readonly",
      ],
    },
    "jwt",
    "exchange",
    "token",
  ],
});
