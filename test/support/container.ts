/**
 * A `docker` for the recipes: Docker itself needs a daemon, so its command line is taken apart here, and the container is
 * run by runc, which Docker runs its containers by. Its image is the programs of this machine (/usr), and nothing else of it.
 */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "./program.ts";

/** @returns a folder for PATH with the program in it */
export function dockerFolder(): string {
  const folder = tempFolder();
  const bundle = join(folder, "bundle");
  const image = join(bundle, "rootfs");
  for (const name of ["usr", "proc", "dev", "tmp", "run", "etc"]) mkdirSync(join(image, name), { recursive: true });
  for (const name of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(image, name));
  const program = join(folder, "bin", "docker");
  mkdirSync(join(folder, "bin"));
  writeFileSync(program, `#!/usr/bin/env node\n(${docker.toString()})(${JSON.stringify(bundle)});\n`);
  chmodSync(program, 0o755);
  return join(folder, "bin");
}

/** Its text is the program. @param bundle of the OCI runtime specification */
function docker(bundle: string): void {
  const { spawnSync } = require("node:child_process");
  const { writeFileSync: write } = require("node:fs");
  const words = process.argv.slice(2);
  const env = ["PATH=/usr/bin:/bin"];
  const bind = (from: string, to: string, how: string) => ({
    ...{ destination: to, source: from, type: "none", options: ["rbind", how] },
  });
  const mounts: object[] = [bind("/usr", "/usr", "ro")];
  let network = "bridge";
  if (words.shift() !== "run") throw new Error("only docker run");
  for (;;) {
    const word = words.shift() ?? "";
    if (word === "--rm") continue;
    if (word === "--network") network = words.shift() ?? "";
    else if (word === "-e") {
      const name = words.shift() ?? "";
      env.push(`${name}=${process.env[name] ?? ""}`);
    } else if (word === "-v") {
      const [from = "", to = "", how = "rw"] = (words.shift() ?? "").split(":");
      mounts.push(bind(from, to, how));
    } else if (word === "image") break;
    else throw new Error(`docker run ${word}`);
  }
  const namespaces = ["pid", "mount", "ipc", "uts", ...(network === "host" ? [] : ["network"])];
  const config = {
    ociVersion: "1.0.2",
    process: { user: { uid: 0, gid: 0 }, args: words, env, cwd: "/", noNewPrivileges: true },
    root: { path: "rootfs" },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"] },
      { destination: "/tmp", type: "tmpfs", source: "tmpfs" },
      ...mounts,
    ],
    linux: { namespaces: namespaces.map((type) => ({ type })) },
  };
  write(`${bundle}/config.json`, JSON.stringify(config));
  const { status } = spawnSync("runc", ["run", "--bundle", bundle, `auth-test-${process.pid}`], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}
