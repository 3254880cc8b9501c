import { defineProvider } from "auth/provider";

/** Without the last there is no refresh token. */
const IDENTITY = ["openid", "profile", "email", "offline_access"];

/** Microsoft Entra ID, version 2.0 endpoints, in the public and the national clouds. */
export default defineProvider({
  id: "entra",
  title: "Microsoft Entra ID",
  aliases: ["microsoft", "azure", "azuread"],
  docs: "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow",

  quirks: [
    "Without offline_access there is no refresh token: it is asked for, unless --scope names others, and where it isn't granted, the login says so and ends with the access token.",
    "One token is for one resource. The login's refresh token gets tokens for others: auth token entra --resource https://vault.azure.net.",
    "An access token lives for 60 to 90 minutes, by chance. A refresh token lives for 90 days after its last use; a single-page app's for 24 hours from the login.",
    "Old refresh tokens work on after a refresh, and nothing here can end a token at Entra: logging out erases it on this machine. 'Revoke sessions' on the account's page does the rest.",
    "A public client must not send a secret; the device flow needs 'Allow public client flows'.",
    "Redirects to http://localhost take any port; http://127.0.0.1 can be entered only in the app's manifest.",
    "What an organisation's policy asks for (a second factor, a compliant device) is passed to the next login by itself.",
    "'common' takes anyone; an app of one tenant needs --tenant with its id. Each national cloud has apps of its own: --host login.microsoftonline.us, or login.partner.microsoftonline.cn.",
  ],
  assumed: [
    "A federated token is to be for api://AzureADTokenExchange: --audience names another, as the national clouds have.",
    "A secret holds '8Q~': by that it is kept out of logs, besides by its value.",
    "Microsoft Graph says whose a pasted token is, at the address of the cloud: --endpoint userinfo=<url>, or --no-verify.",
    "The variables are those of Azure's libraries: --tenant, --host, --client-id go before them.",
  ],

  // [K] The secret of a client. Tokens are plain JWTs, or have no prefix.
  tokenPatterns: ["[A-Za-z0-9~._-]{3}8Q~[A-Za-z0-9~._-]{20,}"],

  settings: {
    tenant: {
      title: "The tenant: its id or domain, or common, organizations, consumers",
      env: ["AZURE_TENANT_ID"],
      default: "common",
      pattern: "[A-Za-z0-9.-]+",
    },
    host: {
      title: "The cloud's login host",
      kind: "host",
      env: ["AZURE_AUTHORITY_HOST"],
      default: "login.microsoftonline.com",
    },
    // [K]
    audience: {
      title: "Whom another issuer's token must be for, to vouch for an app",
      default: "api://AzureADTokenExchange",
      flows: ["client-credentials"],
    },
  },

  endpoints: {
    authorization: "https://{host}/{tenant}/oauth2/v2.0/authorize",
    device: "https://{host}/{tenant}/oauth2/v2.0/devicecode",
    token: "https://{host}/{tenant}/oauth2/v2.0/token",
  },

  // Microsoft Graph, in the cloud of the login host. [K] for the national ones.
  variants: [
    {
      when: { host: "login\\.microsoftonline\\.com" },
      endpoints: { userinfo: "https://graph.microsoft.com/oidc/userinfo" },
    },
    {
      when: { host: "login\\.microsoftonline\\.us" },
      endpoints: { userinfo: "https://graph.microsoft.us/oidc/userinfo" },
    },
    {
      when: { host: "login\\.partner\\.microsoftonline\\.cn" },
      endpoints: { userinfo: "https://microsoftgraph.chinacloudapi.cn/oidc/userinfo" },
    },
  ],

  client: {
    create: "https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/CreateApplicationBlade",
    notes: [
      "Enter the redirect URI under the platform 'Mobile and desktop applications', without a port: Entra takes any.",
      "Set 'Allow public client flows' to Yes for the device flow.",
      "Give it no secret: Entra refuses one from a public client.",
    ],
    environment: { id: ["AZURE_CLIENT_ID"], secret: ["AZURE_CLIENT_SECRET"] },
    secretOnRefresh: "unless-device",
  },

  // The device flow is for public clients; an app that has a secret besides leaves it out.
  device: { needsSecret: false },

  authorize: {
    // 127.0.0.1 can be registered only by editing the app's manifest.
    redirect: { host: "localhost", path: "/callback" },
  },

  // Without offline_access there is no refresh token. One request may name one resource only.
  scopes: {
    default: ["openid", "profile", "email", "User.Read"],
    offline: "offline_access",
    // Of Microsoft Graph: https://learn.microsoft.com/graph/permissions-reference
    presets: {
      mail: [...IDENTITY, "User.Read", "Mail.ReadWrite", "Mail.Send"],
      calendar: [...IDENTITY, "User.Read", "Calendars.ReadWrite"],
      files: [...IDENTITY, "User.Read", "Files.ReadWrite.All"],
      teams: [...IDENTITY, "User.Read", "Team.ReadBasic.All", "Channel.ReadBasic.All", "Chat.ReadWrite"],
      sharepoint: [...IDENTITY, "User.Read", "Sites.Read.All"],
    },
    resource: "{resource}/.default",
  },

  refresh: {
    // Each refresh brings a new token; the old ones work on.
    rotation: "none",
    // The scope says for which resource the access token is to be.
    scope: "granted",
    lifetime: { slidingSeconds: 90 * 24 * 3600 },
  },

  errors: {
    subcodes: ["error_codes", "suberror"],
    subcodePrefix: "AADSTS",
    codes: {
      invalid_grant: dead("Entra no longer accepts this login."),
      invalid_resource: {
        class: "client",
        meaning: "The resource isn't known in this tenant.",
        remedy: "Check the scopes.",
      },

      // The device flow's own names.
      authorization_declined: "denied",
      bad_verification_code: { class: "client", meaning: "Entra doesn't know the device code." },

      // Log in again, and that is all.
      AADSTS70000: dead("Entra doesn't know this login: it was revoked, or is another client's."),
      AADSTS70008: dead("The login was unused for too long."),
      AADSTS700082: dead("The login was unused for 90 days."),
      AADSTS700084: dead(
        "The redirect is registered as a single-page app's: such logins last 24 hours.",
        "Register it under 'Mobile and desktop applications', then log in again.",
      ),
      AADSTS50173: dead("The login was revoked, or the password changed."),
      AADSTS50132: dead("The password changed or expired."),
      AADSTS50133: dead("The password changed."),
      AADSTS50089: dead("The login session has expired."),
      AADSTS54005: dead("The code was used before."),
      AADSTS700020: dead("The login can't be used here."),
      bad_token: dead("Entra doesn't know this login: it was revoked, or is another client's."),
      token_expired: dead("The login has expired."),
      protection_policy_required: dead("Your organisation asks for a protected app."),
      device_authentication_failed: dead("The device could not prove itself."),
      client_mismatch: dead("The login is another client's."),

      // Someone has to do something while logging in again.
      AADSTS16000: interaction("There are several accounts to choose from."),
      AADSTS50072: interaction("A second factor has to be set up."),
      AADSTS50074: interaction("A second factor is asked for."),
      AADSTS50076: interaction("A second factor is asked for."),
      AADSTS50078: interaction("The second factor has expired."),
      AADSTS50079: interaction("A second factor has to be set up."),
      AADSTS50097: interaction("The device has to prove itself."),
      AADSTS53000: interaction("The device doesn't comply with your organisation's policy."),
      AADSTS53001: interaction("The device has to be joined to your organisation."),
      AADSTS65001: interaction("The app has not been consented to."),
      AADSTS70043: interaction("Your organisation wants you to sign in again after some time."),
      basic_action: "interaction",
      additional_action: "interaction",
      message_only: "interaction",
      user_password_expired: "interaction",

      // Logging in again won't help.
      AADSTS53003: blocked(
        "Conditional Access blocks this login; some organisations block the device flow.",
        "Try --flow browser, or ask your administrator.",
      ),
      AADSTS53011: blocked("The account is blocked for risk."),
      AADSTS530032: blocked("A security policy of your organisation blocks this login."),
      AADSTS50105: blocked("Your account isn't assigned to this app."),
      AADSTS50057: blocked("The account is switched off."),
      AADSTS50020: blocked("The account isn't of this tenant.", "Give the right one: --tenant."),
      AADSTS50034: blocked("The account doesn't exist in this tenant.", "Give the right one: --tenant."),
      AADSTS90094: blocked("An administrator has to consent to this app."),
      AADSTS90095: blocked("An administrator has to consent to this app."),

      // The client.
      AADSTS7000215: client("The client secret is wrong.", "Give its value, not its id: {setClient}"),
      AADSTS7000222: client("The client secret has expired.", "Make a new one, then: {setClient}"),
      AADSTS7000218: client(
        "Entra wants a client secret.",
        "Set 'Allow public client flows' to Yes, or enter the redirect under 'Mobile and desktop applications'.",
      ),
      AADSTS700025: client("This is a public client: Entra refuses its secret.", "Log in without the secret."),
      AADSTS700027: client(
        "Entra doesn't accept the client's assertion.",
        "Upload this very certificate on the app's page, under 'Certificates & secrets'.",
      ),
      AADSTS700024: client(
        "The assertion's time is not Entra's.",
        "Set this machine's clock, or fetch a new assertion.",
      ),
      // [K]
      AADSTS70021: client(
        "No federated credential of the app matches the token that vouches for it.",
        "Compare its issuer, subject and audience with the app's page.",
      ),
      AADSTS700016: client("The app isn't known in this tenant.", "Check --client-id and --tenant."),
      AADSTS90002: client("There is no such tenant.", "Check --tenant."),
      AADSTS50011: client(
        "The app doesn't allow this redirect.",
        "Enter {redirectUri} under 'Mobile and desktop applications'.",
      ),
      AADSTS50194: client("The app is for one tenant only.", "Give its id: --tenant."),
      AADSTS90130: client("The app can't be used at /common.", "Give the tenant's id: --tenant."),
      AADSTS9001023: client("This can't be done at /common.", "Give the tenant's id: --tenant."),
      AADSTS70011: client("A scope isn't valid.", "Name the scopes of one resource only."),
      AADSTS28002: client("A scope isn't valid.", "Name the scopes of one resource only."),
      AADSTS700022: client("The scopes are of several resources.", "Name the scopes of one resource only."),
      AADSTS501481: client("The code verifier doesn't match."),
      AADSTS65002: client("This client may not be used by others.", "Register an app of your own."),
      AADSTS7000112: client("The app is switched off."),
      AADSTS50196: client(
        "Entra sees the same request over and over, and refuses it.",
        "Wait a while; log in again if it stays.",
      ),

      // May pass.
      AADSTS50033: "transient",
      AADSTS50087: "transient",
      AADSTS50088: "transient",
      AADSTS50166: "transient",
      AADSTS70012: "transient",
      AADSTS80002: "transient",
      AADSTS80014: "transient",
      AADSTS90006: "transient",
      AADSTS90012: "transient",
      AADSTS90024: "transient",
      AADSTS90033: "transient",
      AADSTS90055: "transient",
      AADSTS90090: "transient",
      AADSTS90091: "transient",
    },
  },

  account: {
    from: "id_token",
    id: ["oid", "sub"],
    label: ["preferred_username", "email", "name"],
    organization: ["tid"],
  },

  minting: {
    "client-credentials": {
      use: "assertion",
      sign: {
        algorithm: "PS256",
        header: { typ: "JWT", "x5t#S256": "{thumbprint}" },
        claims: { iss: "{clientId}", sub: "{clientId}", aud: "{tokenEndpoint}" },
        lifetimeSeconds: 600,
        backdateSeconds: 60,
        unique: true,
      },
      // Nothing but all that the app was given at one resource can be asked for.
      scopes: ["https://graph.microsoft.com/.default"],
      audience: "{audience}",
      environment: {
        certificate: ["AZURE_CLIENT_CERTIFICATE_PATH"],
        subjectToken: ["AZURE_FEDERATED_TOKEN_FILE"],
      },
      account: "{clientId}",
      notes: ["An app proves itself by a secret, a certificate, or a token of an issuer that it trusts."],
    },
  },

  flows: [{ flow: "browser", when: "browser" }, "device", "client-credentials", "token"],
});

function dead(meaning: string, remedy = "Log in again.") {
  return { class: "dead" as const, meaning, remedy };
}

function interaction(meaning: string) {
  return { class: "interaction" as const, meaning, remedy: "Log in again." };
}

function blocked(meaning: string, remedy = "Ask your administrator.") {
  return { class: "client" as const, meaning, remedy };
}

function client(meaning: string, remedy?: string) {
  return remedy === undefined ? { class: "client" as const, meaning } : { class: "client" as const, meaning, remedy };
}
