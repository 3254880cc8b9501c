/** The tools, by the name that `auth setup` takes. Each is read only when it is named. */
import type { Tool } from "./tool.ts";

export interface ToolEntry {
  /** What it is for, in a list. */
  readonly title: string;
  /** Programs by which it is seen that the tool is here. */
  readonly programs: readonly string[];
  /** What is typed after `auth setup`, with examples in the place of what has to be filled in. */
  readonly example: string;
  /** What may come after it, where that is no connection. */
  readonly words?: readonly string[];
  /** It has a configuration for all users of the machine. */
  readonly system?: true;
  readonly load: () => Promise<{ readonly default: Tool }>;
}

export const TOOLS: Readonly<Record<string, ToolEntry>> = {
  git: {
    title: "git",
    programs: ["git"],
    example: "git --host git.example",
    system: true,
    load: () => import("./tools/git.ts"),
  },
  docker: {
    title: "docker, Helm, ORAS",
    programs: ["docker", "helm", "oras"],
    example: "docker --host registry.example",
    load: () => import("./tools/docker.ts"),
  },
  mcp: {
    title: "an MCP server in Claude Code, Codex, VS Code or Cursor",
    programs: ["claude", "codex", "code", "cursor"],
    example: "mcp claude-code https://mcp.example.com/mcp",
    words: ["claude-code", "codex", "vscode", "cursor"],
    load: () => import("./tools/mcp.ts"),
  },
  podman: {
    title: "podman, skopeo, buildah",
    programs: ["podman", "skopeo", "buildah"],
    example: "podman --host registry.example",
    load: () => import("./tools/podman.ts"),
  },
  kubectl: {
    title: "kubectl and other clients of Kubernetes",
    programs: ["kubectl"],
    example: "kubectl <connection> --name work",
    load: () => import("./tools/kubectl.ts"),
  },
  aws: {
    title: "AWS' CLI and libraries",
    programs: ["aws"],
    example: "aws <connection> --name work",
    load: () => import("./tools/aws.ts"),
  },
  adc: {
    title: "libraries with application default credentials",
    programs: ["gcloud"],
    example: "adc <connection> --audience <uri>",
    load: () => import("./tools/adc.ts"),
  },
  terraform: {
    title: "Terraform",
    programs: ["terraform"],
    example: "terraform",
    load: () => import("./tools/terraform.ts"),
  },
  opentofu: { title: "OpenTofu", programs: ["tofu"], example: "opentofu", load: () => import("./tools/opentofu.ts") },
  cargo: {
    title: "cargo",
    programs: ["cargo"],
    example: "cargo --name my-registry",
    load: () => import("./tools/cargo.ts"),
  },
  go: { title: "the go command", programs: ["go"], example: "go", load: () => import("./tools/go.ts") },
  bazel: {
    title: "Bazel",
    programs: ["bazel", "bazelisk"],
    example: "bazel --host remote.example",
    system: true,
    load: () => import("./tools/bazel.ts"),
  },
  pnpm: {
    title: "pnpm",
    programs: ["pnpm"],
    example: "pnpm <connection> --host npm.example",
    load: () => import("./tools/pnpm.ts"),
  },
  pip: { title: "pip", programs: ["pip", "pip3"], example: "pip", load: () => import("./tools/pip.ts") },
  uv: { title: "uv", programs: ["uv"], example: "uv", load: () => import("./tools/uv.ts") },
  vault: { title: "Vault", programs: ["vault"], example: "vault", load: () => import("./tools/vault.ts") },
  openbao: { title: "OpenBao", programs: ["bao"], example: "openbao", load: () => import("./tools/openbao.ts") },
  ansible: {
    title: "Ansible",
    programs: ["ansible-vault"],
    example: "ansible <connection>",
    load: () => import("./tools/ansible.ts"),
  },
  "claude-code": {
    title: "Claude Code",
    programs: ["claude"],
    example: "claude-code <connection>",
    load: () => import("./tools/claude-code.ts"),
  },
  codex: {
    title: "Codex",
    programs: ["codex"],
    example: "codex <connection> --name gateway",
    load: () => import("./tools/codex.ts"),
  },
  agent: {
    title: "the agent of auth, as a service of yours",
    programs: ["systemctl", "launchctl"],
    example: "agent",
    load: () => import("./tools/agent.ts"),
  },
  completion: {
    title: "completion of auth by the shell",
    programs: ["bash", "zsh", "fish", "pwsh"],
    example: "completion",
    words: ["bash", "zsh", "fish", "powershell"],
    load: () => import("./tools/completion.ts"),
  },
};
