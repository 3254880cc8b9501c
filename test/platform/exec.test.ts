import { beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile, onTerminal, run, tempFolder } from "../support/program.ts";

const folder = tempFolder();
let probe = "";
beforeAll(async () => {
  probe = await compile("test/support/exec-probe.ts");
}, 60_000);

/** An executable file of the test's folder. */
function script(name: string, text: string, mode = 0o755): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe.skipIf(process.platform === "win32")("replacing the process", () => {
  test("the command has our pid, gets its arguments untouched, and its exit code is ours", async () => {
    const { code, stdout } = await run([
      "sh",
      "-c",
      `echo $$; exec ${probe} sh -c 'echo $$ "$@"; exit 37' name 'a b' '' '*'`,
    ]);
    const [before, after] = stdout.trimEnd().split("\n");
    expect(after).toBe(`${before} a b  *`);
    expect(code).toBe(37);
  });

  test("a signal that kills the command is seen as just that", async () => {
    expect((await run([probe, "sh", "-c", "kill -TERM $$"])).signal).toBe("SIGTERM");
  });

  test("process substitution works: inherited descriptors reach the command", async () => {
    const { stdout } = await run(["bash", "-c", `${probe} diff <(echo a) <(echo b)`]);
    expect(stdout).toContain("< a");
    expect(stdout).toContain("> b");
  });

  test("no descriptor of ours stays open, though a database was open and locked", async () => {
    const env = { PROBE_DATABASE: join(folder, "open.db") };
    const list =
      "ls -l /proc/self/fd | grep -v '/proc/' | sed -n 's/.* \\([0-9]*\\) -> .*/\\1/p' | sort -n | tr '\\n' ' '";
    // What the harness itself hands down is the same with and without us.
    const without = await run([
      "bash",
      "-c",
      `exec 3<&- 7</dev/null 42</dev/zero; sh -c "${list.replaceAll("\\", "\\\\")}"`,
    ]);
    const through = await run(
      ["bash", "-c", `exec 3<&- 7</dev/null 42</dev/zero; ${probe} sh -c "${list.replaceAll("\\", "\\\\")}"`],
      { env },
    );
    expect(through.stdout).toBe(without.stdout);
    expect(through.stdout).toContain("7 ");
    expect(through.stdout).toContain("42 ");
  });

  test.skipIf(process.platform !== "linux")("no signal is ignored or blocked in the command", async () => {
    const { stdout } = await run([probe, "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]);
    expect(stdout).toBe("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  });

  test("a command whose reader goes away dies of SIGPIPE, as it would without us", async () => {
    const { stdout } = await run(["bash", "-c", `${probe} yes | head -1; echo "\${PIPESTATUS[0]}"`]);
    expect(stdout).toBe("y\n141\n");
  });

  test("the limit of open files is the caller's, not the one that Bun raised", async () => {
    const { stdout } = await run(["bash", "-c", `ulimit -Sn 256; ${probe} bash -c 'ulimit -Sn'; true`]);
    expect(stdout).toBe("256\n");
  });

  test("a pipe is blocking again, though Bun had made it non-blocking", async () => {
    const env = { PROBE_DATABASE: join(folder, "pipe.db") };
    const { stdout, stderr } = await run(["bash", "-c", `${probe} head -c 3000000 /dev/zero | (sleep 0.3; wc -c)`], {
      env,
    });
    expect(stderr).toBe("");
    expect(stdout.trim()).toBe("3000000");
  });

  test("the command has the terminal: its size, its signals, its job", async () => {
    const terminal = onTerminal([
      probe,
      "sh",
      "-c",
      "stty size; trap 'echo got it; exit 42' INT; echo ready; sleep 10",
    ]);
    await terminal.waitFor("40 100");
    await terminal.waitFor("ready");
    terminal.type("\x03");
    expect((await terminal.ended).code).toBe(42);
    expect(terminal.screen()).toContain("got it");
  });

  test("the name is searched on the command's own PATH", async () => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    const path = join(bin, "only-here");
    writeFileSync(path, "#!/bin/sh\necho found\n");
    chmodSync(path, 0o755);
    expect((await run([probe, "only-here"], { env: { PATH: `${bin}:/usr/bin:/bin` } })).stdout).toBe("found\n");
  });

  test("a script without #! is run by the shell, as from a shell", async () => {
    const path = script("plain", 'echo plain "$1"\n');
    expect((await run([probe, path, "x y"])).stdout).toBe("plain x y\n");
  });

  test("127: there is no such command; 126: there is, and it can't be run", async () => {
    const cases: [string[], number, string][] = [
      [["no-such-command-here"], 127, "no command 'no-such-command-here'"],
      [["/no/such/file"], 127, "no command '/no/such/file'"],
      [[""], 127, "empty"],
      [[script("readable", "text", 0o644)], 126, "isn't executable"],
      [[folder], 126, "isn't executable"],
      [[script("lost", "#!/no/such/interpreter\n")], 126, "interpreter"],
    ];
    for (const [args, code, words] of cases) {
      const ended = await run([probe, ...args]);
      expect(ended.stderr).toContain(words);
      expect(ended.code).toBe(code);
    }
  });

  test("the environment is exactly the one given", async () => {
    const { stdout } = await run([probe, "env"], { env: { HOME: folder, AUTH_HOME: undefined, ODD: "a=b c\n" } });
    expect(stdout.split("\n").toSorted()).toEqual(
      ["", "", `HOME=${folder}`, "ODD=a=b c", `PATH=${process.env.PATH}`].toSorted(),
    );
  });
});
