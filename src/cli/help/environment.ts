/** The texts about environment variables. What `AUTH_…` variables mean is in CLI.md §1, §4 and §5. */
import type { Section } from "./layout.ts";
import type { Topic } from "./topics.ts";

type Rows = Section["rows"];

/** Every variable of our own that the source reads or sets: a test compares. */
export const OURS: Rows = [
  ["AUTH_HOME", "Keep everything in this folder."],
  ["AUTH_STORE", "Where the vault is: sqlite:<path>; redis://… or postgres://… for one that machines share."],
  ["AUTH_PROFILE", "The same as -p <name>, except for a connection with a name of its own, such as <provider>:home."],
  ["AUTH_IGNORE_ENV", "1: use the vault, even where a provider's own variable holds a token."],
  ["AUTH_KEY", "The vault's key: 32 bytes in base64, base64url or hex."],
  ["AUTH_KEY_COMMAND", "A command that prints the vault's key."],
  ["AUTH_PASSPHRASE", "The passphrase that opens the vault."],
  ["AUTH_IDENTITY", "The key of a member that opens the vault: AGE-SECRET-KEY-1…"],
  [
    "AUTH_AGENT",
    "start: a command that has to ask for the vault's key starts the agent, which keeps it. off: no agent is asked.",
  ],
  ["AUTH_NOTIFY_COMMAND", "A command that tells a person to log in, once, when only a person can help."],
  ["AUTH_NOTIFY_MESSAGE", "Set for that command: what to tell. All of it comes as JSON on its standard input."],
  ["AUTH_NEW_KEY", "For 'auth vault rekey --key env' and 'auth vault copy': the new key."],
  ["AUTH_NEW_KEY_COMMAND", "For 'auth vault rekey --key command' and 'auth vault copy': the new command."],
  ["AUTH_NEW_PASSPHRASE", "For 'auth vault rekey --key passphrase' and 'auth vault copy': the new passphrase."],
  ["AUTH_BACKUP_PASSPHRASE", "The passphrase of 'auth vault backup' and 'auth vault restore'."],
  ["AUTH_<PROVIDER>_CLIENT_ID", "The OAuth client of a provider (upper case, '-' as '_')."],
  [
    "AUTH_<PROVIDER>_CLIENT_SECRET",
    "Its secret: for the client of that id, or of --client-id where no other is known.",
  ],
  [
    "AUTH_CLIENT_METADATA_URL",
    "The URL of a client metadata document, as which a login speaks where the issuer reads such documents.",
  ],
  ["AUTH_INJECTED", "Set by 'auth run' and 'auth export': which variables hold our tokens."],
];

const COMMON: Rows = [
  ["CI", "Never prompt; a device login waits at most 120 seconds."],
  ["NO_COLOR", "No colours."],
  ["TERM", "dumb: no colours, no redrawn lines."],
  ["BROWSER", "The browser to open."],
  ["VISUAL, EDITOR", "The editor of 'auth profile edit'."],
  ["HTTPS_PROXY, ALL_PROXY, NO_PROXY", "The proxy for requests, and hosts that go past it. Loopback always does."],
  [
    "SSL_CERT_FILE, SSL_CERT_DIR, NODE_EXTRA_CA_CERTS",
    "Certificates to trust beside the system's and the built-in list.",
  ],
  ["XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR", "Where folders are on Linux: auth help paths."],
];

const PROVIDERS: Rows = [["a provider's own", "Which variables a provider reads and sets: auth provider show <id>."]];

export function environment(): Topic {
  const sections = [
    { title: "Variables of auth", rows: OURS },
    { title: "Common variables", rows: COMMON },
    { title: "Variables of providers", rows: PROVIDERS },
  ];
  return {
    intro: "The environment variables that are read and set. An empty one counts as unset",
    sections,
    document: [...OURS, ...COMMON].flatMap(([names, meaning]) => names.split(", ").map((name) => ({ name, meaning }))),
  };
}
