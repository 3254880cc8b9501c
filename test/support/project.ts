/** A home with several logins, and folders in it that have an `.auth.toml`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paste, succeeded } from "./home.ts";
import { auth, bareEnvironment, type Ended, type RunOptions } from "./program.ts";

const CONNECTIONS = ["github:work", "github:home", "sentry:work", "sentry:default"];

/** What most files here say. Elsewhere `github` means github:home. */
export const WORK = 'connections = ["github:work"]\n';

/** Each connection's token says which one it is. */
export function tokenOf(connection: string): string {
  return `token-of-${connection.replace(":", "-")}`;
}

export class ProjectHome {
  readonly env: Record<string, string>;
  private folders = 0;

  private constructor(env: Record<string, string>) {
    this.env = env;
  }

  static async make(): Promise<ProjectHome> {
    const env = bareEnvironment();
    for (const connection of CONNECTIONS) await paste(env, connection, tokenOf(connection));
    await succeeded(auth(["use", "github:home"], { env }));
    return new ProjectHome(env);
  }

  get path(): string {
    return this.env.HOME ?? "";
  }

  /** A folder below home, and what its file says. */
  project(text: string | null): Project {
    const folder = join(this.path, `project-${++this.folders}`);
    mkdirSync(folder);
    if (text !== null) writeFileSync(join(folder, ".auth.toml"), text);
    return new Project(folder, this.env);
  }

  allowed(text: string): Promise<Project> {
    return this.project(text).allow();
  }
}

export class Project {
  readonly folder: string;
  readonly file: string;
  private readonly env: Record<string, string>;

  constructor(folder: string, env: Record<string, string>) {
    this.folder = folder;
    this.file = join(folder, ".auth.toml");
    this.env = env;
  }

  call(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return auth(args, { cwd: this.folder, ...options, env: { ...this.env, ...options.env } });
  }

  /** What `auth token` prints here, or why it doesn't. */
  async token(args: readonly string[] = [], more: RunOptions["env"] = {}): Promise<string> {
    const { code, stdout, stderr } = await this.call(["token", ...args], { env: more });
    return code === 0 ? stdout.trim() : `exit ${code}: ${stderr}`;
  }

  async allow(): Promise<this> {
    await succeeded(this.call(["allow"]));
    return this;
  }
}
