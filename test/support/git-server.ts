/** Repositories over git's smart HTTP, as git itself serves them by CGI (git http-backend). */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { run, tempFolder } from "./program.ts";

/** @returns the folder of repositories, with `team/project.git` in it */
export async function gitRepositories(): Promise<string> {
  const root = tempFolder();
  mkdirSync(join(root, "team"));
  const repository = join(root, "team", "project.git");
  await must(["git", "init", "--quiet", "--bare", "--initial-branch=main", repository]);
  await must(["git", "-C", repository, "config", "http.receivepack", "true"]);
  return root;
}

export async function serveGit(root: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const body = new Uint8Array(await request.arrayBuffer());
  const child = Bun.spawn(["git", "http-backend"], {
    env: {
      PATH: process.env.PATH ?? "",
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers.get("content-type") ?? "",
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: request.headers.get("content-encoding") ?? "",
      GIT_PROTOCOL: request.headers.get("git-protocol") ?? "",
      REMOTE_USER: "someone",
      REMOTE_ADDR: "127.0.0.1",
    },
    stdin: body,
    stdout: "pipe",
    stderr: "ignore",
  });
  const out = Buffer.from(await new Response(child.stdout).arrayBuffer());
  const split = out.indexOf("\r\n\r\n");
  const headers = new Headers();
  let status = 200;
  for (const line of out.subarray(0, split).toString().split("\r\n")) {
    const [, name = "", value = ""] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else if (name !== "") headers.append(name, value);
  }
  return new Response(new Uint8Array(out.subarray(split + 4)), { status, headers });
}

async function must(command: readonly string[]): Promise<void> {
  const { code, stderr } = await run(command);
  if (code !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
}
