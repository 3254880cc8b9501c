/** The tools, by the name that `auth setup` takes. Each module is loaded when its tool is named. */
import type { Tool } from "./tool.ts";

/** What may be given besides the tool. `profile`: a connection's name alone; `rest`: arguments for the helper, after `--`. */
export type Option =
  | "connection"
  | "profile"
  | "host"
  | "name"
  | "context"
  | "audience"
  | "rest"
  | "replace"
  | "system";

export interface ToolEntry {
  /** What it is for, in a list. */
  readonly title: string;
  /** The tool is installed where one of these programs is on PATH. */
  readonly programs: readonly string[];
  /** What is typed after `auth setup`, with example values. */
  readonly example: string;
  /** What may come after it, where that is not a connection. */
  readonly words?: readonly string[];
  /** What it makes use of. `system`: it has a configuration for all users of the machine. */
  readonly takes: readonly Option[];
  readonly load: () => Promise<Tool>;
}

/** Shells that can complete auth's commands. */
export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof SHELLS)[number];

export const TOOLS: Readonly<Record<string, ToolEntry>> = {
  git: {
    title: "git",
    programs: ["git"],
    example: "git --host git.example",
    takes: ["connection", "host", "rest", "replace", "system"],
    load: async () => (await import("./tools/git.ts")).default,
  },
  docker: {
    title: "docker, Helm, ORAS",
    programs: ["docker", "helm", "oras"],
    example: "docker --host registry.example",
    takes: ["connection", "host", "replace"],
    load: async () => (await import("./tools/docker.ts")).docker,
  },
  mcp: {
    title: "an MCP server in Claude Code, Codex, VS Code or Cursor",
    programs: ["claude", "codex", "code", "cursor"],
    example: "mcp <client> <url>",
    words: ["claude-code", "codex", "vscode", "cursor"],
    takes: ["profile", "name", "replace"],
    load: async () => (await import("./tools/mcp.ts")).default,
  },
  podman: {
    title: "podman, skopeo, buildah",
    programs: ["podman", "skopeo", "buildah"],
    example: "podman --host registry.example",
    takes: ["connection", "host", "replace"],
    load: async () => (await import("./tools/docker.ts")).podman,
  },
  kubectl: {
    title: "kubectl and other clients of Kubernetes",
    programs: ["kubectl"],
    example: "kubectl <connection> --name work",
    takes: ["connection", "name", "context", "rest"],
    load: async () => (await import("./tools/kubectl.ts")).default,
  },
  aws: {
    title: "AWS' CLI and libraries",
    programs: ["aws"],
    example: "aws <connection> --name dev -- <role>",
    takes: ["connection", "name", "rest", "replace"],
    load: async () => (await import("./tools/aws.ts")).default,
  },
  adc: {
    title: "libraries with application default credentials",
    programs: ["gcloud"],
    example: "adc <connection> --audience <uri>",
    takes: ["connection", "audience", "rest"],
    load: async () => (await import("./tools/adc.ts")).default,
  },
  terraform: {
    title: "Terraform",
    programs: ["terraform"],
    example: "terraform",
    takes: ["connection", "rest", "replace"],
    load: async () => (await import("./tools/terraform.ts")).terraform,
  },
  opentofu: {
    title: "OpenTofu",
    programs: ["tofu"],
    example: "opentofu",
    takes: ["connection", "rest", "replace"],
    load: async () => (await import("./tools/terraform.ts")).opentofu,
  },
  cargo: {
    title: "cargo",
    programs: ["cargo"],
    example: "cargo --name my-registry",
    takes: ["connection", "name", "rest", "replace"],
    load: async () => (await import("./tools/cargo.ts")).default,
  },
  go: {
    title: "the go command",
    programs: ["go"],
    example: "go",
    takes: ["connection", "rest", "replace"],
    load: async () => (await import("./tools/go.ts")).default,
  },
  bazel: {
    title: "Bazel",
    programs: ["bazel", "bazelisk"],
    example: "bazel --host remote.example",
    takes: ["connection", "host", "rest", "system"],
    load: async () => (await import("./tools/bazel.ts")).default,
  },
  pnpm: {
    title: "pnpm",
    programs: ["pnpm"],
    example: "pnpm <connection> --host npm.example",
    takes: ["connection", "host", "rest", "replace"],
    load: async () => (await import("./tools/pnpm.ts")).default,
  },
  pip: {
    title: "pip",
    programs: ["pip", "pip3"],
    example: "pip",
    takes: ["replace"],
    load: async () => (await import("./tools/pip.ts")).default,
  },
  uv: {
    title: "uv",
    programs: ["uv"],
    example: "uv",
    takes: ["replace"],
    load: async () => (await import("./tools/uv.ts")).default,
  },
  vault: {
    title: "Vault",
    programs: ["vault"],
    example: "vault",
    takes: ["replace"],
    load: async () => (await import("./tools/vault.ts")).vault,
  },
  openbao: {
    title: "OpenBao",
    programs: ["bao"],
    example: "openbao",
    takes: ["replace"],
    load: async () => (await import("./tools/vault.ts")).openbao,
  },
  ansible: {
    title: "Ansible",
    programs: ["ansible-vault"],
    example: "ansible <connection>",
    takes: ["connection", "replace"],
    load: async () => (await import("./tools/ansible.ts")).default,
  },
  "claude-code": {
    title: "Claude Code",
    programs: ["claude"],
    example: "claude-code <connection>",
    takes: ["connection", "rest", "replace"],
    load: async () => (await import("./tools/claude-code.ts")).default,
  },
  codex: {
    title: "Codex",
    programs: ["codex"],
    example: "codex <connection> --name gateway",
    takes: ["connection", "name", "rest", "replace"],
    load: async () => (await import("./tools/codex.ts")).default,
  },
  agent: {
    title: "the agent of auth, as a service of yours",
    programs: ["systemctl", "launchctl"],
    example: "agent",
    takes: ["rest"],
    load: async () => (await import("./tools/agent.ts")).default,
  },
  completion: {
    title: "completion of auth by the shell",
    programs: ["bash", "zsh", "fish", "pwsh"],
    example: "completion",
    words: SHELLS,
    takes: [],
    load: async () => (await import("./tools/completion.ts")).default,
  },
};
