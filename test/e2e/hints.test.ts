/** Every command in an error's hint is run as it is printed, where it is printed: it does what the hint promises. */
import { describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startSentry } from "../issuers/sentry.ts";
import { manifest, type PluginHome, pluginHome } from "../support/plugin-home.ts";
import { commandsIn, wordsOf } from "../support/printed-commands.ts";
import { AUTH, auth, bareEnvironment, type Ended, onTerminal, type RunOptions, run } from "../support/program.ts";

type Auth = (args: readonly string[], options?: RunOptions) => Promise<Ended>;

/** A home where a provider is described whose issuer answers at once. */
interface Place extends PluginHome {
  readonly auth: Auth;
  /** Runs it, and fails with its words where it fails. */
  done(...args: string[]): Promise<Ended>;
  readonly vault: string;
}

interface Situation {
  readonly arrange?: (place: Place) => Promise<unknown>;
  /** Of the failing command. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** The error's code, or a text of what is printed where it is no error. */
  readonly says: string | RegExp;
  /** What a person knows: `<provider>`. */
  readonly fill?: Readonly<Record<string, string>>;
  /** Each printed command and its exit code, in order: every one is run in the same place, after the one before it. */
  readonly commands: Readonly<Record<string, number>>;
  /** Afterwards the failing command ends with this. Default 0; null: it isn't run again. */
  readonly afterwards?: number | null;
}

const CLIENT = { AUTH_ACME_CLIENT_ID: "sentry-public-client" };

async function at<T>(work: (place: Place) => Promise<T>): Promise<T> {
  const home = pluginHome();
  try {
    const auth: Auth = (args, options = {}) =>
      home.call(args, { stdin: "a-token\n", cwd: home.env.HOME as string, ...options });
    const done = async (...args: string[]): Promise<Ended> => {
      const ended = await auth(args, { env: CLIENT });
      if (ended.code !== 0) throw new Error(`auth ${args.join(" ")}: ${ended.code}\n${ended.stderr}`);
      return ended;
    };
    const place: Place = { ...home, auth, done, vault: join(home.env.AUTH_HOME as string, "vault.db") };
    await done("provider", "add", home.file("acme.toml", description(home.issuer.server.url)), "--yes");
    return await work(place);
  } finally {
    await home.stop();
  }
}

/** Its logins are made by a code or by a token. */
function description(url: string): string {
  return manifest(url).replace('["device"]', '["device", "token"]');
}

const login = ({ done }: Place): Promise<unknown> => done("login", "acme");
const paste = ({ done }: Place): Promise<unknown> => done("login", "acme", "--token", "-", "--no-verify");
const key = ({ done }: Place): Promise<unknown> => done("login", "apikey:one", "--token", "-");

async function two({ done }: Place): Promise<void> {
  for (const name of ["a", "b"]) await done("login", "acme", "-p", name, "--token", "-", "--no-verify");
}

function refusing(error: string, status = 400) {
  return async (place: Place): Promise<void> => {
    await login(place);
    const headers = { "content-type": "application/json" };
    place.issuer.server.fail({ path: "/oauth/token/", reply: { status, headers, body: JSON.stringify({ error }) } });
  };
}

const SITUATIONS: Readonly<Record<string, Situation>> = {
  "no login anywhere": {
    args: ["token"],
    says: "connection_not_found",
    fill: { "<provider>": "acme" },
    commands: { "auth login <provider>": 0 },
  },
  "no login at a provider": {
    args: ["token", "acme"],
    says: "connection_not_found",
    commands: { "auth login acme": 0, "auth list": 0 },
  },
  "status of none": { args: ["status", "acme"], says: /Not authenticated/, commands: { "auth login acme": 0 } },
  "an empty list": {
    args: ["list"],
    says: /No connections/,
    fill: { "<provider>": "acme" },
    commands: { "auth login <provider>": 0 },
  },
  "a login without a provider": {
    args: ["login"],
    says: "usage",
    fill: { "<provider>": "acme" },
    commands: { "auth login <provider>": 0 },
    afterwards: null,
  },
  "an unknown provider": {
    args: ["login", "nowhere"],
    says: "provider_not_found",
    // Nothing answers at the issuer.
    fill: { "<issuer-url>": "http://127.0.0.1:9" },
    commands: { "auth provider list": 0, "auth provider new nowhere": 0, "auth login <issuer-url>": 5 },
    afterwards: 2,
  },
  "no client": {
    env: { AUTH_ACME_CLIENT_ID: "" },
    args: ["login", "acme"],
    says: "client_missing",
    fill: { "<id>": "sentry-public-client" },
    commands: { "auth login acme --client-id <id>": 0, "auth login acme --token -": 64 },
  },
  "use without a connection": {
    arrange: login,
    args: ["use"],
    says: "usage",
    fill: { "<connection>": "acme" },
    commands: { "auth use <connection>": 0, "auth list": 0 },
    afterwards: null,
  },
  "several and none chosen": {
    arrange: two,
    args: ["token", "acme"],
    says: "ambiguous_connection",
    commands: { "auth use acme:a": 0 },
  },
  "an unknown name": {
    arrange: paste,
    args: ["token", "-p", "other"],
    says: "connection_not_found",
    commands: { "auth list": 0 },
    afterwards: 2,
  },
  "a dead refresh token": {
    arrange: refusing("invalid_grant"),
    args: ["refresh", "acme", "--force"],
    says: "refresh_token_invalid",
    commands: { "auth login acme": 0 },
  },
  "a refused client": {
    arrange: refusing("invalid_client", 401),
    args: ["refresh", "acme", "--force"],
    says: "client_rejected",
    fill: { "<id>": "sentry-public-client" },
    commands: { "auth refresh acme --force": 0, "auth login acme --force --client-id <id>": 0 },
  },
  "a refusal that no table knows": {
    arrange: refusing("strange"),
    args: ["refresh", "acme", "--force"],
    says: "refresh_refused",
    commands: { "auth login acme": 0, "auth refresh acme --force": 0 },
  },
  "a refused scope": {
    arrange: refusing("invalid_scope"),
    args: ["refresh", "acme", "--force"],
    says: "scope_rejected",
    fill: { "<scopes>": "org:read" },
    commands: { "auth login acme --force --scope <scopes>": 0 },
  },
  "a pasted token that is to be refreshed": {
    arrange: paste,
    args: ["refresh", "acme"],
    says: "no_refresh_token",
    commands: { "auth login acme --force": 0 },
  },
  "a key that is to be refreshed": {
    arrange: key,
    args: ["refresh", "apikey:one"],
    says: "api_key",
    commands: { "auth login apikey:one --token -": 0 },
    afterwards: 3,
  },
  "a key that is to be logged in with, and none is given": {
    args: ["login", "apikey:one"],
    says: "usage",
    commands: { "auth login apikey:one --token -": 0 },
    afterwards: null,
  },
  "a login that is there already": {
    arrange: login,
    args: ["login", "acme"],
    says: /Already logged in/,
    commands: { "auth login acme --force": 0 },
  },
  "a token over a login": {
    arrange: login,
    args: ["login", "acme", "--token", "-"],
    says: "usage",
    commands: { "auth login acme -p NAME --token -": 0, "auth login acme --force --token -": 0 },
    afterwards: null,
  },
  "another client under the same name": {
    arrange: login,
    args: ["login", "acme", "--client-id", "sentry-other"],
    says: "client_mismatch",
    commands: {
      "auth login acme -p NAME --client-id sentry-other": 6,
      "auth login acme --client-id sentry-other --force": 6,
    },
    afterwards: null,
  },
  "a scope that the token lacks": {
    arrange: login,
    args: ["token", "acme", "--scope", "org:read"],
    says: "login_required",
    commands: { "auth login acme --force --scope org:read": 0 },
  },
  "tokens that an edit set aside": {
    arrange: async (place) => {
      await login(place);
      await place.done("profile", "edit", "acme", "--set", "clientId=other");
    },
    args: ["token", "acme"],
    says: "login_required",
    commands: { "auth profile edit acme:default --set clientId=sentry-public-client": 0, "auth login acme": 0 },
  },
  "a plugin that names other origins": {
    arrange: async (place) => {
      await login(place);
      const other = description(place.issuer.server.url).replace(
        "[client]",
        'revocation = "http://127.0.0.1:9/revoke"\n[client]',
      );
      writeFileSync(join(place.folder, "acme.toml"), other, { mode: 0o600 });
    },
    args: ["refresh", "acme", "--force"],
    says: "plugin_untrusted",
    commands: { "auth provider show acme": 0, "auth login acme --force": 0 },
  },
  "two plugins of one id": {
    arrange: async (place) => place.drop("acme.json", "{}"),
    args: ["login", "acme"],
    says: "plugin_invalid",
    commands: { "auth provider remove acme": 0 },
    afterwards: 2,
  },
  "nothing to inject": {
    arrange: two,
    args: ["run", "--", "true"],
    says: "nothing_to_inject",
    fill: { "<command>": "true" },
    commands: { "auth status": 0, "auth run --allow-none -- true": 0 },
    afterwards: 125,
  },
  "run without --": {
    arrange: paste,
    args: ["run", "true"],
    says: "usage",
    commands: { "auth --json run -- true": 0 },
    afterwards: null,
  },
  "a secret field": {
    arrange: paste,
    args: ["get", "acme", "--field", "accessToken"],
    says: "usage",
    fill: { "<connection>": "acme" },
    commands: { "auth token <connection>": 0 },
    afterwards: null,
  },
  "a workflow's format outside of one": {
    arrange: paste,
    args: ["export", "acme", "--format", "github-actions"],
    says: "usage",
    commands: { "auth export --format shell": 0 },
    afterwards: null,
  },
  "the signature of an opaque token": {
    arrange: login,
    args: ["inspect", "acme", "--verify"],
    says: "check_failed",
    commands: { "auth status acme:default --check": 0 },
    afterwards: null,
  },
  "a token without a login that is to be verified": {
    arrange: login,
    args: ["inspect", "-", "--verify"],
    says: "usage",
    fill: { "<connection>": "acme" },
    commands: { "auth inspect <connection> --verify": 1 },
    afterwards: null,
  },
  "a client without an id": {
    args: ["client", "set", "acme"],
    says: "usage",
    fill: { "<id>": "my-id" },
    commands: { "auth client set acme --client-id <id>": 0 },
    afterwards: null,
  },
  "a client that isn't there": {
    args: ["client", "remove", "acme", "--client-id", "other"],
    says: "connection_not_found",
    commands: { "auth client list": 0 },
    afterwards: 2,
  },
  "a client that a login uses": {
    arrange: async (place) => {
      await place.done("client", "set", "acme", "--client-id", "sentry-public-client");
      await login(place);
    },
    args: ["client", "remove", "acme"],
    says: "usage",
    commands: { "auth client remove acme --force": 0 },
    afterwards: null,
  },
  "a profile that is there already": {
    arrange: login,
    args: ["profile", "create", "acme:default"],
    says: "usage",
    commands: { "auth profile edit acme:default": 64 },
    afterwards: null,
  },
  "a profile with a login": {
    arrange: login,
    args: ["profile", "delete", "acme:default"],
    says: "usage",
    commands: { "auth profile delete acme:default --force": 0 },
    afterwards: 2,
  },
  "logging out of everything": {
    arrange: paste,
    args: ["logout", "--all"],
    says: "usage",
    commands: { "auth logout --all --yes": 0 },
    afterwards: null,
  },
  "removing a provider with a login": {
    arrange: login,
    args: ["provider", "remove", "acme"],
    says: "usage",
    commands: { "auth provider remove acme --force": 0 },
    afterwards: null,
  },
  "removing a provider that isn't there": {
    args: ["provider", "remove", "other"],
    says: "provider_not_found",
    commands: { "auth provider list": 0 },
    afterwards: 2,
  },
  "a second vault": {
    arrange: paste,
    args: ["vault", "init"],
    says: "usage",
    fill: { "<source>": "file" },
    commands: { "auth vault rekey --key <source>": 0 },
    afterwards: null,
  },
  "a key that others can read": {
    arrange: async (place) => {
      await paste(place);
      chmodSync(join(place.env.AUTH_HOME as string, "key"), 0o644);
    },
    args: ["token", "acme"],
    says: "vault_locked",
    commands: { "auth vault rekey": 0 },
  },
};

describe("the commands of a hint do what it says:", () => {
  for (const [name, { arrange, env = CLIENT, args, says, fill = {}, commands, afterwards = 0 }] of Object.entries(
    SITUATIONS,
  ))
    test(
      name,
      () =>
        at(async (place) => {
          await arrange?.(place);
          const text = await printedBy(place, args, env, says);
          const printed = commandsIn(text).flatMap(({ command, marked }) => (marked ? [command] : []));
          expect(printed).toEqual(Object.keys(commands));
          await otherCommands(text);
          const ran: Record<string, number | null> = {};
          for (const command of printed) {
            const words = wordsOf(command.replaceAll(/<[a-z-]+>/g, (word) => fill[word] ?? word));
            const ended = await place.auth(words, { env });
            ran[command] = ended.code;
            if (ended.code !== commands[command]) throw new Error(`${command}: ${ended.code}\n${ended.stderr}`);
          }
          if (afterwards === null) return;
          const again = await place.auth(args, { env });
          expect({ code: again.code, stderr: again.stderr }).toEqual({ code: afterwards, stderr: again.stderr });
        }),
      60_000,
    );
});

/** The hint of the error; where it is no error, all that is printed. */
async function printedBy(
  place: Place,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  says: string | RegExp,
): Promise<string> {
  if (typeof says !== "string") {
    const { stdout, stderr } = await place.auth(args, { env });
    expect(stdout + stderr).toMatch(says);
    return stdout + stderr;
  }
  const { stderr } = await place.auth(["--json", ...args], { env });
  const { error } = JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "");
  expect(error.code).toBe(says);
  return error.hint;
}

/** `chmod …` in a hint, run by a shell. */
async function otherCommands(stderr: string): Promise<void> {
  for (const [command] of stderr.matchAll(/\bchmod [0-7]{3} [^\n]+/g))
    expect((await run(["sh", "-c", command])).code).toBe(0);
}

describe("on a terminal", () => {
  test(
    "an untrusted module: the command that trusts it asks, and then the login goes on",
    () =>
      at(async (place) => {
        const other = startSentry({ approve: true, interval: 1 });
        const source = `export default ${JSON.stringify({
          id: "coded",
          title: "Coded",
          flows: ["device"],
          endpoints: {
            device: `${other.server.url}/oauth/device/code/`,
            token: `${other.server.url}/oauth/token/`,
          },
          client: { kind: "public", id: "sentry-public-client" },
        })};\n`;
        await place.done("provider", "add", place.file("coded.js", source), "--yes");
        const refused = await place.auth(["login", "coded"]);
        expect([refused.code, commandsIn(refused.stderr).map(({ command }) => command)]).toEqual([
          9,
          ["auth provider trust coded"],
        ]);
        const terminal = onTerminal([AUTH, "provider", "trust", "coded"], { env: place.env });
        await terminal.waitFor("Run this to see what it declares?");
        terminal.type("y");
        await terminal.waitFor("Pin it?");
        terminal.type("y");
        expect((await terminal.ended).code).toBe(0);
        expect((await place.auth(["login", "coded"])).code).toBe(0);
        await other.server.stop();
      }),
    60_000,
  );
});

test(
  "a login at another place under the same name: both commands lead there",
  () =>
    at(async (place) => {
      await login(place);
      const other = startSentry({ approve: true, interval: 1 });
      try {
        const places = ["device", "token"].flatMap((name) => [
          "--endpoint",
          `${name}=${other.endpoints[name as "token"]}`,
        ]);
        const refused = await place.auth(["login", "acme", ...places], { env: CLIENT });
        const commands = commandsIn(refused.stderr).map(({ command }) => command);
        expect(commands).toHaveLength(2);
        for (const command of commands) {
          const before = other.server.calls.length;
          expect((await place.auth(wordsOf(command), { env: CLIENT })).code).toBe(0);
          expect(other.server.calls.length).toBeGreaterThan(before);
        }
        expect((await place.auth(["list", "--json"])).stdout).toContain("acme:NAME");
      } finally {
        await other.server.stop();
      }
    }),
  60_000,
);

describe("keys in hints", () => {
  test("openssl's words in the error of a wrong AUTH_KEY make one that opens a vault", async () => {
    const home = bareEnvironment();
    const refused = await auth(["vault", "init"], { env: { ...home, AUTH_KEY: "short" } });
    const [, command = ""] = /Make one: (.+)/.exec(refused.stderr) ?? [];
    const made = await run(["sh", "-c", command]);
    expect((await auth(["vault", "init"], { env: { ...home, AUTH_KEY: made.stdout.trim() } })).code).toBe(0);
  });

  test("a source that the environment rules out: the command names the one that it means", async () => {
    const env = {
      ...bareEnvironment(),
      AUTH_KEY: Buffer.from("a key of thirty-two bytes, no less".slice(0, 32)).toString("base64"),
    };
    const refused = await auth(["vault", "init", "--key", "file"], { env });
    const [printed] = commandsIn(refused.stderr);
    expect(printed?.command).toBe("auth vault init --key env");
    expect((await auth(wordsOf(printed?.command ?? ""), { env })).code).toBe(0);
  });

  test("no vault yet: what rekey and status name makes one", async () => {
    for (const args of [
      ["vault", "rekey"],
      ["vault", "status"],
    ]) {
      const env = bareEnvironment();
      const refused = await auth(args, { env });
      const [printed] = commandsIn(refused.stderr);
      const made = await auth(wordsOf(printed?.command ?? ""), { env });
      // Where there is no keychain, that error names another source.
      const [other] = commandsIn(made.stderr);
      if (made.code !== 0) expect((await auth(wordsOf(other?.command ?? ""), { env })).code).toBe(0);
      expect((await auth(["vault", "status"], { env })).code).toBe(0);
    }
  });
});
