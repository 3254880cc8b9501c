/** The tools, by the name that `auth setup` takes. Each is read only when it is named. */
import type { Tool } from "./tool.ts";

/** What may be named besides the tool. `profile`: a connection's name alone; `rest`: words for the helper, after `--`. */
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
  /** Programs by which it is seen that the tool is here. */
  readonly programs: readonly string[];
  /** What is typed after `auth setup`, with examples in the place of what has to be filled in. */
  readonly example: string;
  /** What may come after it, where that is no connection. */
  readonly words?: readonly string[];
  /** What it makes use of. `system`: it has a configuration for all users of the machine. */
  readonly takes: readonly Option[];
  readonly load: () => Promise<{ readonly default: Tool }>;
}

export const TOOLS: Readonly<Record<string, ToolEntry>> = {
  git: {
    title: "git",
    programs: ["git"],
    example: "git --host git.example",
    takes: ["connection", "host", "rest", "replace", "system"],
    load: () => import("./tools/git.ts"),
  },
  docker: {
    title: "docker, Helm, ORAS",
    programs: ["docker", "helm", "oras"],
    example: "docker --host registry.example",
    takes: ["connection", "host", "replace"],
    load: () => import("./tools/docker.ts"),
  },
  mcp: {
    title: "an MCP server in Claude Code, Codex, VS Code or Cursor",
    programs: ["claude", "codex", "code", "cursor"],
    example: "mcp <client> <url>",
    words: ["claude-code", "codex", "vscode", "cursor"],
    takes: ["profile", "name", "replace"],
    load: () => import("./tools/mcp.ts"),
  },
  podman: {
    title: "podman, skopeo, buildah",
    programs: ["podman", "skopeo", "buildah"],
    example: "podman --host registry.example",
    takes: ["connection", "host", "replace"],
    load: () => import("./tools/podman.ts"),
  },
  kubectl: {
    title: "kubectl and other clients of Kubernetes",
    programs: ["kubectl"],
    example: "kubectl <connection> --name work",
    takes: ["connection", "name", "context", "rest"],
    load: () => import("./tools/kubectl.ts"),
  },
  aws: {
    title: "AWS' CLI and libraries",
    programs: ["aws"],
    example: "aws <connection> --name work",
    takes: ["connection", "name", "rest", "replace"],
    load: () => import("./tools/aws.ts"),
  },
  adc: {
    title: "libraries with application default credentials",
    programs: ["gcloud"],
    example: "adc <connection> --audience <uri>",
    takes: ["connection", "audience", "rest"],
    load: () => import("./tools/adc.ts"),
  },
  terraform: {
    title: "Terraform",
    programs: ["terraform"],
    example: "terraform",
    takes: ["connection", "rest", "replace"],
    load: () => import("./tools/terraform.ts"),
  },
  opentofu: {
    title: "OpenTofu",
    programs: ["tofu"],
    example: "opentofu",
    takes: ["connection", "rest", "replace"],
    load: () => import("./tools/opentofu.ts"),
  },
  cargo: {
    title: "cargo",
    programs: ["cargo"],
    example: "cargo --name my-registry",
    takes: ["connection", "name", "rest", "replace"],
    load: () => import("./tools/cargo.ts"),
  },
  go: {
    title: "the go command",
    programs: ["go"],
    example: "go",
    takes: ["connection", "rest", "replace"],
    load: () => import("./tools/go.ts"),
  },
  bazel: {
    title: "Bazel",
    programs: ["bazel", "bazelisk"],
    example: "bazel --host remote.example",
    takes: ["connection", "host", "rest", "system"],
    load: () => import("./tools/bazel.ts"),
  },
  pnpm: {
    title: "pnpm",
    programs: ["pnpm"],
    example: "pnpm <connection> --host npm.example",
    takes: ["connection", "host", "rest", "replace"],
    load: () => import("./tools/pnpm.ts"),
  },
  pip: {
    title: "pip",
    programs: ["pip", "pip3"],
    example: "pip",
    takes: ["replace"],
    load: () => import("./tools/pip.ts"),
  },
  uv: { title: "uv", programs: ["uv"], example: "uv", takes: ["replace"], load: () => import("./tools/uv.ts") },
  vault: {
    title: "Vault",
    programs: ["vault"],
    example: "vault",
    takes: ["replace"],
    load: () => import("./tools/vault.ts"),
  },
  openbao: {
    title: "OpenBao",
    programs: ["bao"],
    example: "openbao",
    takes: ["replace"],
    load: () => import("./tools/openbao.ts"),
  },
  ansible: {
    title: "Ansible",
    programs: ["ansible-vault"],
    example: "ansible <connection>",
    takes: ["connection", "replace"],
    load: () => import("./tools/ansible.ts"),
  },
  "claude-code": {
    title: "Claude Code",
    programs: ["claude"],
    example: "claude-code <connection>",
    takes: ["connection", "rest", "replace"],
    load: () => import("./tools/claude-code.ts"),
  },
  codex: {
    title: "Codex",
    programs: ["codex"],
    example: "codex <connection> --name gateway",
    takes: ["connection", "name", "rest", "replace"],
    load: () => import("./tools/codex.ts"),
  },
  agent: {
    title: "the agent of auth, as a service of yours",
    programs: ["systemctl", "launchctl"],
    example: "agent",
    takes: ["rest"],
    load: () => import("./tools/agent.ts"),
  },
  completion: {
    title: "completion of auth by the shell",
    programs: ["bash", "zsh", "fish", "pwsh"],
    example: "completion",
    words: ["bash", "zsh", "fish", "powershell"],
    takes: [],
    load: () => import("./tools/completion.ts"),
  },
};
