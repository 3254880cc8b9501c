import { defineProvider } from "auth/provider";

/**
 * github.com, GitHub Enterprise Cloud with data residency (*.ghe.com) and GitHub Enterprise Server. Speaks for OAuth
 * Apps (tokens without expiry, or with it since 2026) and for GitHub Apps (8 hours, with a rotating refresh token): the
 * client id decides.
 *
 * offline_access: https://github.com/orgs/community/discussions/204963
 */
export default defineProvider({
  id: "github",
  title: "GitHub",
  aliases: ["gh"],
  docs: "https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",

  quirks: [
    "The client id decides what comes back: a GitHub App's tokens live for 8 hours and are refreshed (for 6 months), an OAuth App's never expire and have no refresh token, unless the app or the login asks for that.",
    "An OAuth App gives tokens of 8 hours with a refresh token where its settings say so, or to a login with the scope offline_access (since 2026): 'auth login github --scope repo,read:org,gist,offline_access'. It isn't asked for by default: a refresh may need the app's secret. Where no refresh token comes, the login says so, and the token is one without end.",
    "A refresh ends the old refresh token and the old access token at once: a program that still holds the old one gets 401. 'auth token github' again gives it the new one.",
    "An OAuth App keeps ten tokens for each person and set of scopes: the eleventh login ends the oldest. A token that isn't used for a year ends too, and so does one that is pushed to a public repository.",
    "Errors come with status 200 and the code in 'error'; scopes come back with commas; a GitHub App's tokens come back with no scopes, they have permissions instead.",
    "No more than 50 codes an hour can be typed in for one app, and no more than 10 tokens an hour made for one person.",
    "Tokens that begin with 'ghs_' are 40 characters or some 520: never cut them to a length.",
    "For git over https any user name will do; an installation's token goes with 'x-access-token'.",
    "Where an organisation has single sign-on, the token works there only once it is authorised for it: https://github.com/settings/connections/applications.",
  ],
  assumed: [
    "What an OAuth App's refresh token is like (its lifetime, that a refresh ends the old one, that a login by device needs no secret for it) is taken from GitHub Apps: --scope without offline_access avoids it.",
    "Logging out ends the one token by 'DELETE /applications/<client>/token', with the client's secret: --endpoint revocation=<url> sends it elsewhere.",
    "The scopes of an OAuth App's token are read from the reply header X-OAuth-Scopes of /user: --scope asks for others, and scopes in the token reply win over the header.",
    "*.ghe.com has its API at api.<host>: --endpoint userinfo=<url> says otherwise.",
  ],

  // No fixed lengths: ghs_ tokens are 40 characters or, since April 2026, some 520, with dots and dashes.
  tokenPatterns: ["gh[opurs]_[A-Za-z0-9._-]{36,}", "github_pat_[A-Za-z0-9_]{36,}"],

  settings: {
    host: { title: "The GitHub host", kind: "host", env: ["GH_HOST"], default: "github.com" },
    installation: {
      title: "The installation that a GitHub App's own tokens are for",
      pattern: "[0-9]+",
      flows: ["jwt"],
    },
  },

  endpoints: {
    authorization: "https://{host}/login/oauth/authorize",
    device: "https://{host}/login/device/code",
    token: "https://{host}/login/oauth/access_token",
  },

  variants: [
    {
      when: { host: "github\\.com" },
      endpoints: {
        userinfo: "https://api.github.com/user",
        revocation: "https://api.github.com/applications/{clientId}/token",
        mint: "https://api.github.com/app/installations/{installation}/access_tokens",
      },
      // Container images and packages (https://docs.github.com/packages/learn-github-packages/introduction-to-github-packages).
      origins: [
        "https://ghcr.io",
        "https://npm.pkg.github.com",
        "https://nuget.pkg.github.com",
        "https://maven.pkg.github.com",
        "https://rubygems.pkg.github.com",
      ],
      environment: {
        read: ["GH_TOKEN", "GITHUB_TOKEN"],
        write: { GH_TOKEN: "{token}", GITHUB_TOKEN: "{token}" },
        // https://gh.r-lib.org/articles/managing-personal-access-tokens.html
        baseUrl: { GITHUB_API_URL: "" },
      },
    },
    {
      when: { host: "[a-z0-9-]+\\.ghe\\.com" },
      endpoints: {
        userinfo: "https://api.{host}/user",
        revocation: "https://api.{host}/applications/{clientId}/token",
        mint: "https://api.{host}/app/installations/{installation}/access_tokens",
      },
      environment: {
        read: ["GH_TOKEN", "GITHUB_TOKEN"],
        write: { GH_TOKEN: "{token}", GITHUB_TOKEN: "{token}", GH_HOST: "{host}" },
      },
    },
    {
      // A server of one's own. Its token goes under names that no program sends to github.com.
      when: { host: ".+" },
      endpoints: {
        userinfo: "https://{host}/api/v3/user",
        revocation: "https://{host}/api/v3/applications/{clientId}/token",
        mint: "https://{host}/api/v3/app/installations/{installation}/access_tokens",
      },
      environment: {
        read: ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"],
        write: { GH_ENTERPRISE_TOKEN: "{token}", GITHUB_ENTERPRISE_TOKEN: "{token}", GH_HOST: "{host}" },
      },
    },
  ],

  // https://github.com/github/github-mcp-server/blob/main/docs/host-integration.md
  mcp: {
    hosts: ["api.githubcopilot.com"],
    secret: true,
    notes: [
      "A GitHub App, as for any login at GitHub, or an OAuth app (https://github.com/settings/applications/new).",
      "Without one, any token of GitHub's that you have works there too: auth login github",
    ],
  },
  client: {
    create: "https://{host}/settings/apps/new",
    notes: [
      "Any free name and any homepage will do. Tick 'Enable Device Flow'; leave 'Expire user authorization tokens' ticked; untick 'Active' under Webhook.",
      "Under 'Repository permissions', choose what the token may do: for git, 'Contents: Read and write'.",
      "After 'Create GitHub App': 'Install App' on your account, since the token reaches only what the app is installed on. The client id is on the app's page, and begins with 'Iv'.",
    ],
    // A refresh needs the secret, unless the token came by device flow.
    secretOnRefresh: "unless-device",
    basic: "{clientId}:{clientSecret}",
  },

  // What `gh` asks an OAuth App for, so that it works with the token. A GitHub App has permissions instead.
  scopes: { default: ["repo", "read:org", "gist"], replySeparator: "," },

  // [K] for OAuth Apps, whose tokens expire where offline_access was asked for.
  refresh: { rotation: "rotating", killsAccessToken: true },

  // The device flow takes the client id alone.
  device: { needsSecret: false },

  // GitHub answers 200 to these, with the code in `error`.
  errors: {
    codes: {
      bad_refresh_token: {
        class: "dead",
        meaning: "GitHub no longer accepts the refresh token: it was used before, is six months old, or was revoked.",
        remedy: "Log in again.",
      },
      unauthorized_client: {
        class: "dead",
        meaning: "The app was uninstalled, suspended, or its authorization was revoked.",
        remedy: "Log in again, and approve the app.",
      },
      bad_verification_code: {
        class: "dead",
        meaning: "The code was used before, or is older than ten minutes.",
        remedy: "Log in again.",
      },
      // The documentation has both spellings for a device code that ran out.
      token_expired: "expired",
      incorrect_device_code: {
        class: "client",
        meaning: "GitHub doesn't know the device code as one of this client's.",
      },
      incorrect_client_credentials: {
        class: "client",
        meaning: "GitHub doesn't accept this client id, or its secret.",
        remedy:
          "Check both on the app's page. A GitHub App's client id begins with 'Iv'; its app id is something else.",
      },
      device_flow_disabled: {
        class: "client",
        meaning: "This app may not use the device flow.",
        remedy: "Tick 'Enable Device Flow' on the app's page.",
      },
      redirect_uri_mismatch: {
        class: "client",
        meaning: "The app doesn't allow this redirect.",
        remedy: "Enter {redirectUri} as callback URL on the app's page.",
      },
      application_suspended: { class: "client", meaning: "GitHub has suspended this app." },
      unverified_user_email: {
        class: "interaction",
        meaning: "GitHub wants your primary e-mail address verified first.",
        remedy: "Verify it at https://github.com/settings/emails, then log in again.",
      },
    },
  },

  // [K] Deletes this one token; the authorization of the app stays. Needs the client secret.
  revocation: {
    request: {
      method: "DELETE",
      format: "json",
      authentication: "basic",
      names: { token: "access_token", token_type_hint: false },
    },
    tokens: ["access_token"],
    needsSecret: true,
  },

  account: {
    id: ["id"],
    label: ["login"],
    headers: { accept: "application/vnd.github+json" },
    // [K]
    scopesHeader: "x-oauth-scopes",
  },

  apiKey: {
    create: "https://{host}/settings/tokens/new?scopes={scopes}&description=auth",
    command: "gh auth token",
  },

  minting: {
    // A GitHub App as itself: its key signs what asks for a token of one installation, good for an hour.
    jwt: {
      use: "request",
      endpoint: "mint",
      needs: ["installation"],
      sign: {
        algorithm: "RS256",
        claims: { iss: "{clientId}" },
        // GitHub takes no more than ten minutes, by its own clock.
        lifetimeSeconds: 600,
        backdateSeconds: 60,
      },
      request: { format: "json", headers: { accept: "application/vnd.github+json" } },
      reply: { accessToken: "token", expiry: { path: "expires_at", unit: "iso", absent: 3600 } },
      errors: {
        "HTTP 401": {
          class: "client",
          meaning: "GitHub doesn't accept what the key signed: it isn't a key of this app, or the clock is off.",
          remedy: "Check --client-id, and make a new private key on the app's page.",
        },
        "HTTP 404": {
          class: "client",
          meaning: "The app has no such installation.",
          remedy: "Check --installation: it is the number at the end of the installation's address.",
        },
        "HTTP 403": {
          class: "transient",
          meaning: "The installation is suspended, or GitHub has had too many requests.",
          remedy: "Try again later.",
        },
      },
      account: "installation {installation}",
      notes: ["Make a private key on the app's page, under 'General'. --client-id is the app's client id."],
    },
  },

  flows: ["device", { flow: "browser", when: "secret" }, "jwt", "token"],
});
