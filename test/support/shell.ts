/** A shell as a reader of the documentation has it: `auth` on the PATH, leading logins to issuers on this machine. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AUTH, bareEnvironment, tempFolder } from "./program.ts";

type Endpoints = Readonly<Record<string, string>>;

export interface Place {
  /** Which logins it is for: a pattern of the shell over their arguments. The first that matches counts. */
  readonly when: string;
  readonly endpoints: Endpoints;
  /** `NAME=value`, for that login alone. */
  readonly env?: readonly string[];
}

/**
 * A folder to work in, and an `auth` on the PATH that leads logins to issuers on this machine; besides that it is the
 * built binary. The programs of others are stand-ins that say which token they were given.
 */
export function shell(places: readonly Place[], env: Record<string, string>, files: Record<string, string> = {}) {
  const folder = tempFolder();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const script = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const cases = places.map(({ when, endpoints, env: own = [] }) => {
    const flags = Object.entries(endpoints).map(([name, url]) => `--endpoint ${name}=${url}`);
    return `${when}) exec env ${own.join(" ")} ${AUTH} "$@" ${flags.join(" ")} ;;`;
  });
  script(
    "auth",
    `case "$*" in *--token*|*apikey*) ;; login*) case "$*" in ${cases.join(" ")} esac ;; esac\nexec ${AUTH} "$@"`,
  );
  for (const name of ["gh", "gcloud", "sentry-cli", "python"])
    script(name, "printenv GH_TOKEN || printenv CLOUDSDK_AUTH_ACCESS_TOKEN || printenv SENTRY_AUTH_TOKEN");
  // The page is visited by the test, which reads its address as a person would.
  script("xdg-open", "exit 0");
  script("docker", 'read -r token && echo "$token"');
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o600);
  }
  const all = bareEnvironment({
    ...env,
    PATH: `${bin}:${process.env.PATH}`,
    GIT_CONFIG_GLOBAL: join(folder, "gitconfig"),
  });
  return {
    /** Runs it; a page that it asks a person to visit is visited, a form filled in. */
    async run(command: string, stdin = ""): Promise<{ code: number; stdout: string; stderr: string }> {
      const child = Bun.spawn(["sh", "-c", command], {
        cwd: folder,
        env: all,
        stdin: new Blob([stdin]),
        stdout: "pipe",
        stderr: "pipe",
      });
      const stdout = child.stdout.text();
      let stderr = "";
      let visited = false;
      const decoder = new TextDecoder();
      for await (const chunk of child.stderr) {
        stderr += decoder.decode(chunk, { stream: true });
        const [, kind, url] = /(Open this page|Fill in this form)[^\n]*\n\n {2}(\S+)\n/.exec(stderr) ?? [];
        if (url === undefined || visited) continue;
        visited = true;
        if (kind === "Open this page") await fetch(url).then((answer) => answer.text());
        else await fillIn(url);
      }
      return { code: await child.exited, stdout: await stdout, stderr };
    },
  };
}

async function fillIn(url: string): Promise<void> {
  const csrf = /name="csrf" value="([^"]+)"/.exec(await (await fetch(url)).text())?.[1] ?? "";
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams({ csrf, token: "sk-from-the-form" }) });
  await answer.text();
}
