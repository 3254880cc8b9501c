/** The clients, by the name that `auth helper` takes. Each protocol's module is loaded when it is used. */
import type { Protocol } from "./protocol.ts";

export interface Helper {
  /** What it is for, in help. */
  readonly title: string;
  /** The program that the client runs, as a link to `auth`; null: the client's configuration names a command. */
  readonly program: string | null;
  readonly load: () => Promise<{ readonly default: Protocol }>;
}

export const HELPERS: Readonly<Record<string, Helper>> = {
  git: { title: "git", program: "git-credential-auth", load: () => import("./git.ts") },
  aws: { title: "AWS' CLI and libraries", program: null, load: () => import("./aws.ts") },
  adc: { title: "application default credentials, by an executable", program: null, load: () => import("./adc.ts") },
  az: { title: "libraries that call az for a token", program: "az", load: () => import("./az.ts") },
  ansible: { title: "Ansible", program: null, load: () => import("./ansible.ts") },
  pnpm: { title: "pnpm", program: null, load: () => import("./pnpm.ts") },
  terraform: {
    title: "Terraform and OpenTofu",
    program: "terraform-credentials-auth",
    load: () => import("./terraform.ts"),
  },
  keyring: { title: "uv and pip", program: "keyring", load: () => import("./keyring.ts") },
  vault: { title: "Vault and OpenBao", program: "vault-token-auth", load: () => import("./vault.ts") },
  docker: {
    title: "docker, podman, skopeo, buildah, Helm, ORAS",
    program: "docker-credential-auth",
    load: () => import("./docker.ts"),
  },
  kubectl: { title: "kubectl and other clients of Kubernetes", program: null, load: () => import("./kubectl.ts") },
  bazel: { title: "Bazel, EngFlow, Buck2", program: null, load: () => import("./bazel.ts") },
  go: { title: "the go command", program: null, load: () => import("./go.ts") },
  cargo: { title: "cargo", program: "cargo-credential-auth", load: () => import("./cargo.ts") },
};

/** The client that runs a program of this name; null where none does. */
export function clientOf(path: string): string | null {
  const name = path.replace(/^.*[\\/]/, "").replace(/\.exe$/i, "");
  return Object.keys(HELPERS).find((client) => HELPERS[client]?.program === name) ?? null;
}
