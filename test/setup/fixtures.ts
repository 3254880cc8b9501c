/** A setup of each tool, and files as people have them: for the contract that all of them keep. */
import type { Surroundings } from "../../src/platform/places.ts";
import type { SetupCall } from "../../src/setup/tool.ts";

export interface Fixture {
  /** How it is called. */
  readonly call?: Partial<Pick<SetupCall, "connection" | "words" | "name" | "context" | "audience" | "rest">>;
  readonly origins?: readonly string[];
  /** The file that it edits, in the home; null: all of its files are its own. */
  readonly file: string | null;
  /** What people have in it, with `\n`. */
  readonly text?: string;
  /** Another text that leaves what was set up as it is, put after (or, with `{…}`, into) the file. */
  readonly more?: (text: string) => string;
  /** What a person makes of what was set up: of `from`, `to`. */
  readonly damage?: readonly [from: string, to: string];
  /** Other files that have to be there, in the home. */
  readonly others?: Readonly<Record<string, string>>;
  readonly env?: (home: string) => Surroundings["env"];
  /** A line that goes, to be a part of what is set up. */
  readonly replaces?: string;
  /** It can't be set up without what is in the file. */
  readonly onlyWith?: true;
  /** A byte order mark at the file's beginning is none for the tool. */
  readonly noMark?: true;
}

const comment = (text: string): string => `${text}# a later remark\n`;
const jsonMore = (text: string): string => text.replace("{", '{ "later": [1,  2],');

export const FIXTURES: Readonly<Record<string, Fixture>> = {
  git: {
    call: { connection: "oidc:work" },
    origins: ["https://git.example", "http://127.0.0.1:8080"],
    file: ".gitconfig",
    text: '# mine\n[user]\n\tname = "A; B"\n[alias]\n\tco = checkout\n',
    more: comment,
    damage: ["helper git oidc:work", "helper git oidc:home"],
  },
  docker: {
    origins: ["https://registry.example", "https://other.example:5000"],
    file: ".docker/config.json",
    text: '{\n\t"auths": { "a.example": { "auth": "c2VjcmV0" } },\n\t// why not\n\t"credHelpers": {\n\t\t"b.example": "desktop"\n\t}\n}\n',
    more: jsonMore,
    damage: ['"registry.example": "auth"', '"registry.example": "desktop"'],
  },
  mcp: {
    call: { words: ["claude-code", "https://mcp.example.com/mcp"] },
    file: ".claude.json",
    text: '{\n  "numStartups": 3,\n  "mcpServers": {\n    "mine": { "command": "x", "env": { "KEY": "c2VjcmV0" } }\n  }\n}\n',
    more: jsonMore,
    damage: ['"stdio"', '"sse"'],
  },
  podman: {
    origins: ["https://registry.example"],
    file: ".config/containers/auth.json",
    text: '{ "auths": { "a.example": { "auth": "c2VjcmV0" } } }\n',
    more: jsonMore,
    damage: ['"registry.example":"auth"', '"registry.example":"desktop"'],
  },
  kubectl: {
    call: { connection: "oidc:work", name: "work", context: "here" },
    file: ".kube/config",
    text: [
      "# mine",
      "apiVersion: v1",
      "kind: Config",
      "contexts:",
      "- context: # where",
      "    cluster: here",
      "    user: 'old'",
      "  name: here",
      "users:",
      "  - name: old",
      "    user:",
      '      token: "c2VjcmV0" # a secret',
      "# the end",
      "current-context: here",
      "",
    ].join("\n"),
    more: comment,
    damage: ["- oidc:work", "- oidc:home"],
    onlyWith: true,
    noMark: true,
  },
  aws: {
    call: { connection: "aws-sso", name: "work", rest: ["--account", "123456789012", "--role", "Read Only"] },
    file: ".aws/config",
    text: "[default]\nregion = eu-central-1\n# this one\n[profile work]\noutput = json\ns3 =\n  max_concurrent_requests = 20\n",
    more: comment,
    damage: ["--role", "--rule"],
  },
  adc: {
    call: {
      connection: "oidc:work",
      audience: "//iam.googleapis.com/projects/1/locations/global/x",
      rest: ["--id-token"],
    },
    file: null,
  },
  terraform: {
    call: { connection: "oidc:work", rest: ["--origin", "https://terraform.example"] },
    file: ".terraformrc",
    text: '# mine\nplugin_cache_dir = "$HOME/cache"\nprovider_installation {\n  direct {}\n}\n',
    more: comment,
    damage: ["oidc:work", "oidc:home"],
  },
  opentofu: {
    file: ".tofurc",
    text: "# mine\ndisable_checkpoint = true\n",
    more: comment,
    damage: ['credentials_helper "auth"', 'credentials_helper "other"'],
  },
  cargo: {
    call: { connection: "oidc:work", name: "corp" },
    file: ".cargo/config.toml",
    text: '# mine\n[registries.corp]\nindex = "sparse+https://cargo.example/index/" # here\n\n[net]\nretry = 3\n',
    more: comment,
    damage: ["oidc:work", "oidc:home"],
  },
  go: {
    file: ".config/go/env",
    text: "GOFLAGS=-mod=mod\nGOAUTH=git /home/me/src\nGOPROXY=https://proxy.example\n",
    more: (text) => `${text}GONOSUMDB=a.example\n`,
    damage: ["helper go", "helper git"],
    replaces: "GOAUTH=git /home/me/src",
  },
  bazel: {
    call: { connection: "oidc:work" },
    origins: ["https://remote.example", "https://bes.example:8443"],
    file: ".bazelrc",
    text: "# mine\nbuild --jobs=4\n",
    more: comment,
    damage: ["=remote.example=", "=*.example="],
  },
  pnpm: {
    call: { connection: "oidc:work" },
    origins: ["https://npm.example", "https://other.example:4873"],
    file: ".npmrc",
    text: "; mine\n//a.example/:_authToken=c2VjcmV0\nfund=false\n",
    more: comment,
    damage: [":tokenHelper=", ":tokenHelper=/bin/other #"],
  },
  pip: {
    file: ".config/pip/pip.conf",
    text: "# mine\n[global]\ntimeout = 60\n[install]\nno-compile = yes\n",
    more: comment,
    damage: ["= subprocess", "= import"],
  },
  uv: {
    file: ".config/uv/uv.toml",
    text: '# mine\nnative-tls = true\n\n[[index]]\nurl = "https://pypi.example/simple"\n',
    more: comment,
    damage: ["subprocess", "disabled"],
  },
  vault: { file: ".vault", text: "# mine\n", more: comment, damage: ["vault-token-auth", "vault-token-other"] },
  openbao: { file: ".bao", text: "# mine\n", more: comment, damage: ["vault-token-auth", "vault-token-other"] },
  ansible: {
    call: { connection: "apikey:production" },
    file: ".ansible.cfg",
    text: "[defaults]\n# mine\nforks = 10\nvault_identity_list = dev@~/.dev\n[ssh_connection]\npipelining = true\n",
    more: comment,
    damage: ["apikey:production@", "apikey:other@"],
    replaces: "vault_identity_list = dev@~/.dev",
  },
  "claude-code": {
    call: { connection: "apikey:anthropic" },
    file: ".claude/settings.json",
    text: '{\n  "model": "opus",\n  "env": { "TOKEN": "c2VjcmV0" }\n}\n',
    more: jsonMore,
    damage: ["apikey:anthropic", "apikey:other"],
  },
  codex: {
    call: { connection: "oidc:work", name: "gateway" },
    file: ".codex/config.toml",
    text: '# mine\nmodel = "gpt"\n[model_providers.gateway]\nname = "Gateway"\n',
    more: comment,
    damage: ["oidc:work", "oidc:home"],
  },
  agent: { call: { rest: ["--idle", "8h"] }, file: null },
  completion: {
    call: { words: ["zsh"] },
    file: ".zshrc",
    text: "# mine\nexport EDITOR=vi\n",
    more: comment,
    damage: ["completion zsh)", "completion bash)"],
  },
};
