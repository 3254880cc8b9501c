/** `auth run --fresh`: a file that holds a token which works for as long as the command runs (CLI.md §4). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { type HeldHome, heldHome } from "../support/held-home.ts";
import { paste } from "../support/home.ts";
import { AUTH, bareEnvironment, onTerminal, tempFolder } from "../support/program.ts";
import { until } from "../support/until.ts";

let home: HeldHome;
beforeAll(async () => {
  home = await heldHome(["acme"], 3600);
});
afterAll(() => home.stop());

const runtime = (): string => join(home.env.AUTH_HOME as string, "run");
const left = (): string[] => (existsSync(runtime()) ? readdirSync(runtime()) : []);
const fresh = (...script: string[]): string[] => ["run", "acme", "--fresh", "-q", "--", "sh", "-c", ...script];

/** Starts it, and waits until its command has said where its file is. */
async function started(script: string): Promise<{ child: Bun.Subprocess<"ignore", "pipe", "pipe">; file: string }> {
  const child = Bun.spawn([AUTH, ...fresh(`echo $ACME_TOKEN_FILE; ${script}`)], {
    env: home.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const reader = child.stdout.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`it ended: ${await child.stderr.text()}`);
    text += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  return { child, file: text.split("\n")[0] ?? "" };
}

describe("the file", () => {
  test("holds the token alone, only its owner can read it, and it is gone at the end", async () => {
    const script = 'cat "$ACME_TOKEN_FILE"; stat -c " %a" "$ACME_TOKEN_FILE" "$(dirname "$ACME_TOKEN_FILE")"';
    const { code, stdout } = await home.call(fresh(script));
    expect([code, stdout]).toEqual([0, `${[...(home.issuers[0]?.live ?? [])][0]} 600\n 700\n`]);
    expect(left()).toEqual([]);
  });

  test("the token itself is in no variable, not even one of the caller's", async () => {
    const { stdout } = await home.call(fresh("env"), { env: { ACME_TOKEN: "of-the-caller" } });
    expect(stdout).toContain(`ACME_TOKEN_FILE=${runtime()}/fresh-`);
    expect(stdout).not.toMatch(/^ACME_TOKEN=|of-the-caller|access-\d/m);
  });

  test("has the form that --format gives, under the name that -c gives", async () => {
    const args = ["run", "-c", "acme=API_AUTH", "--format", "API_AUTH=Bearer {token}", "--fresh", "--"];
    const { stdout } = await home.call([...args, "sh", "-c", 'cat "$API_AUTH_FILE"']);
    expect(stdout).toMatch(/^Bearer access-\d+$/);
  });

  test("gets each new token before the old one ends, with no moment in which it is half written", async () => {
    const own = await heldHome(["acme"], 4);
    try {
      const read = 't=$(cat "$ACME_TOKEN_FILE"); case $t in access-*) ;; *) echo "half: $t"; exit 9;; esac';
      const script = `n=0; last=; while [ $n -lt 3 ]; do ${read}; [ "$t" = "$last" ] || { echo $t; last=$t; n=$((n+1)); }; done`;
      const { code, stdout, stderr } = await own.call(["run", "acme", "--fresh", "--", "sh", "-c", script]);
      expect([code, stderr]).toEqual([0, "Injected acme:default → ACME_TOKEN_FILE.\n"]);
      const tokens = stdout.trim().split("\n");
      expect(new Set(tokens).size).toBe(3);
    } finally {
      await own.stop();
    }
  });

  test("a login that ends meanwhile is said once, and doesn't end the command", async () => {
    const own = await heldHome(["acme"], 3);
    try {
      own.issuers[0]?.live.clear();
      const { code, stdout, stderr } = await own.call([
        "run",
        "acme",
        "--fresh",
        "--",
        "sh",
        "-c",
        "sleep 8; echo done",
      ]);
      expect([code, stdout]).toEqual([0, "done\n"]);
      const warnings = stderr.split("\n").filter((line) => line.startsWith("Warning:"));
      expect(new Set(warnings).size).toBe(warnings.length);
      expect(stderr).toContain("could not be renewed");
    } finally {
      await own.stop();
    }
  }, 60_000);

  test("another program's refresh reaches it: the old token may be dead", async () => {
    const { child, file } = await started("sleep 30");
    const before = readFileSync(file, "utf8");
    await home.call(["refresh", "acme", "--force"]);
    const now = (await home.call(["token", "acme"])).stdout.trim();
    expect(now).not.toBe(before);
    // Within the time between two looks at the vault.
    await until("the file holds the new token", () => readFileSync(file, "utf8") === now);
    child.kill("SIGTERM");
    await child.exited;
  }, 60_000);
});

describe("how it ends", () => {
  test("with the command's exit code, or 128 and the signal's number", async () => {
    expect((await home.call(fresh("exit 7"))).code).toBe(7);
    expect((await home.call(fresh("kill -9 $$"))).code).toBe(137);
    expect((await home.call(["run", "acme", "--fresh", "--", "no-such-command"])).code).toBe(127);
    expect((await home.call(["run", "acme", "--fresh", "--", "/etc/passwd"])).code).toBe(126);
    expect(left()).toEqual([]);
  });

  for (const signal of ["SIGTERM", "SIGHUP", "SIGUSR1"] as const)
    test(`${signal} is the command's, which answers it as it likes`, async () => {
      const { child } = await started(`trap 'kill $!; exit 5' ${signal.slice(3)}; sleep 30 & wait`);
      await Bun.sleep(100);
      child.kill(signal);
      expect(await child.exited).toBe(5);
      expect(left()).toEqual([]);
    });

  test("Ctrl-C on a terminal reaches the command once; Ctrl-Z stops both, and fg goes on", async () => {
    const env = { ...home.env, PS1: "$ ", HISTFILE: "/dev/null" };
    const shell = onTerminal(["bash", "--norc", "-i"], { env });
    const script = join(tempFolder(), "script");
    await Bun.write(
      script,
      "trap 'echo got-int' INT\necho be''gun\nfor i in 1 2 3 4; do sleep 1; done\necho en''ded\nexit 6\n",
    );
    shell.type(`${AUTH} run acme --fresh -q -- sh ${script}\r`);
    await shell.waitFor("begun\r\n");
    shell.type("\x03");
    await shell.waitFor("got-int\r\n");
    shell.type("\x1a");
    await shell.waitFor("Stopped");
    shell.type("fg\r");
    await shell.waitFor("ended\r\n");
    shell.type("echo co''de=$?\r");
    await shell.waitFor("code=6");
    expect(shell.screen().split("got-int\r\n").length - 1).toBe(1);
    shell.type("exit\r");
    await shell.ended;
    expect(left()).toEqual([]);
  }, 60_000);

  test("descriptors of the caller reach the command: process substitution", async () => {
    const child = Bun.spawn(["bash", "-c", `"$0" run acme --fresh -q -- cat <(echo one) <(echo two)`, AUTH], {
      env: home.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    expect(await child.stdout.text()).toBe("one\ntwo\n");
  });

  test("after SIGKILL the command goes on; what is left is removed by the next run, and only that", async () => {
    const other = await started("sleep 30");
    const { child, file } = await started('sleep 1; cat "$ACME_TOKEN_FILE" > "$ACME_TOKEN_FILE.read"');
    child.kill("SIGKILL");
    await child.exited;
    await until("the command goes on", () => existsSync(`${file}.read`));
    expect(lstatSync(file).mode & 0o777).toBe(0o600);
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const path of [file, other.file]) utimesSync(dirname(path), longAgo, longAgo);
    expect((await home.call(fresh("true"))).code).toBe(0);
    expect(existsSync(dirname(file))).toBeFalse();
    expect(existsSync(other.file)).toBeTrue();
    other.child.kill("SIGTERM");
    await other.child.exited;
    expect(left()).toEqual([]);
  });
});

test("a runtime folder that leads to one in which others can write is refused", async () => {
  const env = bareEnvironment();
  await paste(env, "github", "t");
  const open = tempFolder();
  chmodSync(open, 0o777);
  symlinkSync(open, join(env.AUTH_HOME as string, "run"));
  const { code, stdout, stderr } = await home.call(["run", "github", "--fresh", "--", "echo", "started"], { env });
  expect([code, stdout]).toEqual([125, ""]);
  expect(stderr).toContain("Error:");
  expect(readdirSync(open)).toEqual([]);
});
