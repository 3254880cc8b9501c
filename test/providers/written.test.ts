/** What a description may put into the environment of commands: a list of what is allowed, not of what is not. */
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { catalog } from "../../providers/catalog/index.ts";
import { builtIn } from "../../providers/index.ts";
import { checkDefinition } from "../../src/providers/check.ts";
import { CHOSEN_NAMES, chosenNameFault } from "../../src/providers/reserved.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { EXCEPTIONS, headerFault, writeFault } from "../../src/providers/written.ts";

/** Variables that programs take as code, as options, as a path or as an address: some of those that there are. */
const TAKEN = `
  MAKEFLAGS GNUMAKEFLAGS MFLAGS TAR_OPTIONS GREP_OPTIONS PERLLIB PERL_MM_OPT PROMPT_COMMAND PS1 PS4 SHELLOPTS BASHOPTS
  ZDOTDIR FPATH CDPATH EDITOR VISUAL PAGER MANPAGER SYSTEMD_PAGER DELTA_PAGER AWS_PAGER KUBE_EDITOR SVN_EDITOR
  HGEDITOR BROWSER SHELL COMSPEC SVN_SSH CVS_RSH RSYNC_RSH SUDO_ASKPASS SSH_ASKPASS SSH_AUTH_SOCK LESSOPEN LESSCLOSE
  LESS GOFLAGS GOPROXY GONOSUMDB GOTOOLCHAIN RUSTFLAGS RUSTC_WRAPPER CARGO_HOME CARGO_BUILD_RUSTC
  CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER CARGO_ALIAS_MY_TOKEN CC CXX LDFLAGS CFLAGS CPATH CMAKE_TOOLCHAIN_FILE
  CMAKE_C_COMPILER_LAUNCHER JDK_JAVA_OPTIONS _JAVA_OPTIONS CLASSPATH MAVEN_OPTS MAVEN_ARGS GRADLE_OPTS ANT_OPTS
  JAVA_OPTS SBT_OPTS DOTNET_STARTUP_HOOKS CORECLR_PROFILER NODE_PATH NODE_EXTRA_CA_CERTS NODE_REPL_EXTERNAL_MODULE
  DENO_DIR R_PROFILE LUA_INIT LUA_PATH PHPRC PHP_INI_SCAN_DIR ERL_FLAGS ELIXIR_ERL_OPTIONS GCONV_PATH LOCPATH
  OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE CURL_HOME REQUESTS_CA_BUNDLE
  AWS_CA_BUNDLE AWS_CONFIG_FILE AWS_ENDPOINT_URL KUBECONFIG DOCKER_HOST DOCKER_CONFIG CONTAINER_HOST VAULT_ADDR
  PIP_INDEX_URL UV_DEFAULT_INDEX YARN_REGISTRY GEM_PATH BUNDLE_GEMFILE TERMINFO INPUTRC EXINIT VIMINIT MYVIMRC
  HOSTALIASES RES_OPTIONS TMPDIR HOME XDG_CONFIG_HOME PGSYSCONFDIR PGSERVICEFILE ANSIBLE_CONFIG
  ANSIBLE_VAULT_PASSWORD_FILE RESTIC_PASSWORD_COMMAND BORG_PASSCOMMAND SOPS_AGE_KEY_CMD TF_CLI_ARGS TF_CLI_CONFIG_FILE
  BASH_ENV GIT_SSH_COMMAND GIT_CONFIG_KEY_0 GIT_TOKEN LD_PRELOAD LD_TOKEN DYLD_KEY NPM_CONFIG_KEY Ld_Token
`
  .trim()
  .split(/\s+/);

/** Names that end as a token's would, and that some tool takes as a path, as code, or as what it signs with. */
const TAKEN_ALTHOUGH_NAMED_SO = [
  "VAULT_CLIENT_KEY",
  "ETCDCTL_KEY",
  "COSIGN_KEY",
  "SSL_KEY",
  "SECRET_KEY",
  "RAILS_MASTER_KEY",
];

function said(environment: ProviderDefinition["environment"], settings: ProviderDefinition["settings"] = {}): string {
  const definition = { id: "acme", title: "A", flows: ["token" as const], environment, settings };
  return checkDefinition(definition)
    .map(({ path, problem }) => `${path} ${problem}`)
    .join("\n");
}

describe("attack: a description can't run code by what it writes", () => {
  const given = { title: "X", required: true };
  const host = { title: "H", kind: "host" as const, default: "sh" };
  for (const name of TAKEN)
    test(`${name}: neither the token, nor text around it, nor a setting, nor a host`, () => {
      for (const [value, settings] of [
        ["{token}", {}],
        ["--eval=$(shell touch PWN) #{token}", {}],
        ["{x}", { x: given }],
        ["{h}", { h: host }],
      ] as const)
        expect({ value, fault: writeFault(name, value, settings) }).toEqual({ value, fault: expect.any(String) });
      expect(said({ write: { [name]: "{token}" } })).toContain(`environment.write.${name}`);
    });

  test("a name of a token that some tool takes as a path, as code, or as its signing key", () => {
    for (const name of TAKEN_ALTHOUGH_NAMED_SO) expect(said({ write: { [name]: "{token}" } })).toContain(name);
  });

  test("a token's variable holds the token alone", () => {
    for (const value of ["x{token}", "{token} ", "{token}{token}", "{token}:{x}", "{x}:{token}", "$(touch PWN){token}"])
      expect(said({ write: { X_TOKEN: value } }, { x: given })).toContain("must be {token} alone");
  });

  test("a setting that the description fills in itself is not what the person said", () => {
    const write = { X_REGION: "{x}" };
    expect(said({ write }, { x: { title: "X", default: "eu" } })).toContain("has a default");
    expect(said({ write }, { x: { title: "X", choices: ["eu", "--eval=$(touch PWN)"] } })).toContain("has choices");
    expect(said({ write: { X_REGION: "{x} y" } }, { x: given })).toContain("exactly one setting");
    expect(said({ write: { X_REGION: "{x}{y}" } }, { x: given, y: given })).toContain("exactly one setting");
  });

  test("a name made of a setting is the person's own, and nothing around it", () => {
    const variable = { title: "V", kind: "variable" as const };
    expect(said({ write: { "{v}": "{token}" } }, { v: variable })).toBe("");
    expect(said({ write: { "{v}": "{token}" } }, { v: { title: "V" } })).toContain("not a setting of kind variable");
    expect(said({ write: { "{v}": "{token}" } }, { v: { ...variable, default: "OTHER_TOKEN" } })).toContain(
      "a default",
    );
    expect(said({ write: { "X;touch PWN;{v}": "{token}" } }, { v: variable })).toContain("not the name of a variable");
    expect(said({ write: { "{v}FLAGS": "{token}" } }, { v: variable })).toContain("not the name of a variable");
    expect(said({ write: { "{v}": "--eval {token}" } }, { v: variable })).toContain("must be {token} alone");
  });

  test("one name in two spellings: Windows knows but one of them", () => {
    expect(said({ write: { TF_TOKEN_app_terraform_io: "{token}", TF_TOKEN_APP_TERRAFORM_IO: "{token}" } })).not.toBe(
      "",
    );
  });

  test("an id whose own variable is one that programs take", () => {
    const definition = { id: "git", title: "G", flows: ["token" as const] };
    expect(checkDefinition(definition)).toMatchObject([{ path: "id", problem: expect.stringContaining("GIT_TOKEN") }]);
  });

  test("whatever it is called, text of the description's own is never part of a value", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/), fc.string(), (name, text) => {
        const value = `${text}{token}`;
        expect(writeFault(name, value, {}) === null).toBe(
          value === "{token}" && writeFault(name, "{token}", {}) === null,
        );
      }),
    );
  });
});

test("attack: a host that the description's author chose leads no program anywhere", () => {
  const host = { title: "H", kind: "host" as const, default: "evil.example" };
  for (const name of ["DB_HOST", "REDIS_HOST", "PIP_TRUSTED_HOST", "SMTP_HOST", "ACME_HOST", "ACME_SITE"])
    expect(said({ write: { [name]: "{h}" } }, { h: host })).toContain("has a default");
  for (const name of ["RSYNC_CONNECT_PROG", "GST_PLUGIN_SCANNER"])
    expect(said({ write: { [name]: "{r}" } }, { r: { title: "R", choices: ["reboot", "eu"] } })).not.toBe("");
  for (const name of [
    "N8N_ENCRYPTION_KEY",
    "AIRFLOW__CORE__FERNET_KEY",
    "COOKIE_SECRET",
    "HASURA_GRAPHQL_ADMIN_SECRET",
  ])
    expect(said({ write: { [name]: "{token}" } })).not.toBe("");
});

test("a token under a token's name, what the person said, and a host may be written", () => {
  for (const name of [
    "ACME_TOKEN",
    "ACME_API_KEY",
    "ACME_CLIENT_SECRET",
    "ACME_PASSWORD",
    "ACME_PAT",
    "NODE_AUTH_TOKEN",
  ])
    expect(said({ write: { [name]: "{token}" } })).toBe("");
  const region = { title: "R", pattern: "[a-z]+" };
  const host = { title: "H", kind: "host" as const };
  const write = { ACME_TOKEN: "{token}", ACME_REGION: "{region}", ACME_HOST: "{host}" };
  expect(said({ write }, { region, host })).toBe("");
});

describe("what is part of auth obeys too", async () => {
  const bundled = await Promise.all([...Object.values(builtIn), ...Object.values(catalog)].map((load) => load()));
  const written = bundled.flatMap(({ default: definition }) =>
    [definition.environment, ...(definition.variants ?? []).map(({ environment }) => environment)].flatMap((group) =>
      Object.entries(group?.write ?? {}).map(([name, value]) => ({ definition, name, value })),
    ),
  );

  test("every variable that it writes", () => {
    expect(written.length).toBeGreaterThan(90);
    const refused = written.filter(({ definition, name, value }) => writeFault(name, value, definition.settings ?? {}));
    expect(refused.map(({ definition, name }) => `${definition.id}: ${name}`)).toEqual([]);
  });

  test("every exception is needed, and no other", () => {
    for (const [name, { value, why }] of Object.entries(EXCEPTIONS)) {
      expect(written).toContainEqual(expect.objectContaining({ name, value }));
      expect(why.length).toBeGreaterThan(10);
      expect(writeFault(name, `${value}x`, {})).toContain(`must be ${value}`);
    }
  });

  test("every header", () => {
    const refused = bundled.filter(
      ({ default: { header, settings = {} } }) => header !== undefined && headerFault(header, settings) !== null,
    );
    expect(refused).toEqual([]);
  });
});

test("a name that a person chooses says that it holds a secret, or is one letter", () => {
  for (const name of ["WORK_TOKEN", "my_token", "GH_TOKEN_WORK", "PGPASSWORD", "MYSQL_PWD", "API_KEY_2", "TOKEN", "A"])
    expect({ name, fault: chosenNameFault(name) }).toEqual({ name, fault: null });
  const words = ["TOKEN", "KEY", "SECRET", "PASSWORD", "CREDENTIAL", "CREDENTIALS", "PAT", "BEARER"];
  for (const word of words)
    for (const name of [word, `MY${word}`, `MY_${word}`, `my${word.toLowerCase()}`, `GITLAB_${word}`])
      expect({ name, fault: chosenNameFault(name) }).toEqual({ name, fault: null });
  for (const name of [
    ...TAKEN.filter((taken) => taken !== "CARGO_ALIAS_MY_TOKEN"),
    ...["LESSKEY", "PGSSLKEY", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS", "POSIX_COMPAT", "GIT_TOKEN"],
    ...["LD_TOKEN", "AUTH_TOKEN", "TOKEN_PATH", "MYTOKENS"],
    "GITHUB",
    "FOO",
    "PWD",
    "KEY_COMMAND",
  ])
    expect({ name, fault: chosenNameFault(name) }).toEqual({ name, fault: expect.any(String) });
});

test("the rule that is printed names what is accepted, and nothing that isn't", () => {
  const [ends = "", between = ""] = CHOSEN_NAMES.split("or has").map((part) => part.replace(/^.*such as \S+/, ""));
  for (const word of ends.match(/\b[A-Z]+\b/g) ?? []) expect(chosenNameFault(`MY${word}`)).toBeNull();
  for (const word of between.match(/\b[A-Z]+\b/g) ?? []) expect(chosenNameFault(`MY_${word}_2`)).toBeNull();
  expect([ends.match(/\b[A-Z]+\b/g)?.length, between.match(/\b[A-Z]+\b/g)?.length]).toEqual([8, 8]);
});

test("attack: a header that would be an option, a file or a second line", () => {
  for (const header of [
    "@/etc/passwd {token}",
    "Token {token}",
    "Authorization: Bearer {token}\nX-Admin: 1",
    "Authorization: Bearer",
    "Host: evil.example {token}",
    "Content-Length: {token}",
    "{token}",
    "{header}",
  ])
    expect({ header, fault: headerFault(header, { header: { title: "H" } }) }).toEqual({
      header,
      fault: expect.any(String),
    });
  for (const header of ["X-Api-Key: {token}", "api_token: {token}", "Authorization: Basic {basic}"])
    expect(headerFault(header, {})).toBeNull();
  expect(headerFault("{header}", { header: { title: "H", kind: "header" } })).toBeNull();
});
