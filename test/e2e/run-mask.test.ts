/** `auth run --mask`: no form of a token comes out of the command, and nothing else is changed (CLI.md §4). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, constants, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { heldHome } from "../support/held-home.ts";
import { paste } from "../support/home.ts";
import { lacking, type Need } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, type Ended, onTerminal, run, tempFolder } from "../support/program.ts";
import { until } from "../support/until.ts";

const TOKEN = "ghx_16C7e42F292c6912E7710c838347Ae178B4a";
const STARS = "*".repeat(TOKEN.length);

const env = bareEnvironment({ PS1: "$ ", HISTFILE: "/dev/null", TERM: "xterm-256color", LESSHISTFILE: "-" });
beforeAll(async () => {
  await paste(env, "apikey:openai", TOKEN);
});

const args = (...command: string[]): string[] => ["run", "-q", "-c", "apikey:openai=TOKEN", "--mask", "--", ...command];
const masked = (...command: string[]): Promise<Ended> => auth(args(...command), { env });
const shell = (script: string): Promise<Ended> => masked("sh", "-c", script);

describe("what a program writes", () => {
  const cases: Readonly<Record<string, readonly [script: string, stdout: string]>> = {
    plainly: ["echo $TOKEN", "[redacted]\n"],
    "in two writes, long apart": [
      'printf %.20s "$TOKEN"; sleep 0.3; printf "%s\\n" "$(printf %s "$TOKEN" | tail -c +21)"',
      "[redacted]\n",
    ],
    "as a Basic pair": ['printf "x-access-token:%s" "$TOKEN" | base64 -w0', `${btoa("x-access-token:")}[redacted]Q==`],
    "in hex": ["printf %s $TOKEN | od -An -v -tx1 -w100", " [redacted]\n"],
    "in a URL": ["printf 'https://x:%s@host/?a=1\\n' $TOKEN", "https://x:[redacted]@host/?a=1\n"],
    "beside what looks like it": ["echo ghx_16C7e42F $TOKEN ghx_", "ghx_16C7e42F [redacted] ghx_\n"],
    "not at all": ["printf 'a\\000b\\377'", "a\0b\ufffd"],
  };
  for (const [name, [script, stdout]] of Object.entries(cases))
    test(`${name}, on both streams`, async () => {
      expect(await shell(script)).toEqual({ code: 0, signal: null, stdout, stderr: "" });
      expect(await shell(`{ ${script}; } >&2`)).toEqual({ code: 0, signal: null, stdout: "", stderr: stdout });
    });

  test("reaches a file in order, where both streams go into it", async () => {
    const file = join(tempFolder(), "log");
    const script = "for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i $TOKEN >&2; done";
    const inner = args("sh", "-c", script).map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    await run(["sh", "-c", `'${AUTH}' ${inner.join(" ")} >'${file}' 2>&1`], { env });
    const lines = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => `out ${i}\nerr ${i} [redacted]\n`);
    expect(readFileSync(file, "utf8")).toBe(lines.join(""));
  });

  test("is a pipe's: a program can open it again", async () => {
    expect((await shell("echo again > /dev/stdout; echo $TOKEN | tee /dev/stderr > /dev/null")).stdout).toBe("again\n");
  });

  test("comes out whole", async () => {
    expect((await shell("head -c 30000000 /dev/zero | tr '\\0' g")).stdout.length).toBe(30_000_000);
  });

  test("waits at a prompt that begins like the token, for no longer than a moment", async () => {
    const child = Bun.spawn([AUTH, ...args("sh", "-c", "printf 'Go on? g'; read answer; echo $answer")], {
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const reader = child.stdout.getReader();
    const decoder = new TextDecoder();
    let seen = "";
    while (seen !== "Go on? g") seen += decoder.decode((await reader.read()).value);
    child.stdin.write("yes\n");
    child.stdin.end();
    expect(decoder.decode((await reader.read()).value)).toBe("yes\n");
    expect(await child.exited).toBe(0);
  });
});

describe("how it ends", () => {
  test("with the command's exit code, or 128 and the signal's number", async () => {
    expect((await shell("exit 7")).code).toBe(7);
    expect((await shell("kill -9 $$")).code).toBe(137);
    expect((await masked("no-such-command")).code).toBe(127);
    expect((await masked("/etc/passwd")).code).toBe(126);
  });

  test("where nobody reads on, the command is told so", async () => {
    const { stdout } = await run(
      ["bash", "-c", 'set -o pipefail; "$@" | head -1; echo $?', "bash", AUTH, ...args("yes")],
      {
        env,
      },
    );
    expect(stdout).toBe("y\n141\n");
  });

  describe.skipIf(lacking("linux"))("where a full disk takes nothing", () => {
    const call = (script: string, to: string): Promise<Ended> =>
      run(["sh", "-c", `"$@" ${to}`, "sh", AUTH, ...args("sh", "-c", script)], { env });
    const LINE = "Warning: The command's output can't be written: no space left on the device.\n";

    test("the command is stopped as by a closed pipe, and one line says why", async () => {
      expect(await call("exec yes", ">/dev/full")).toEqual({ code: 141, signal: null, stdout: "", stderr: LINE });
      expect((await call("yes >&2", "2>/dev/full")).code).toBe(141);
    });

    test("one that has written it all, and ended well, has failed nevertheless", async () => {
      expect(await call("echo $TOKEN", ">/dev/full")).toEqual({ code: 1, signal: null, stdout: "", stderr: LINE });
      expect(await call("echo $TOKEN; exit 7", ">/dev/full")).toMatchObject({ code: 7, stderr: LINE });
    });
  });

  test("one that has written it all before nobody reads on ends as by SIGPIPE", async () => {
    const script = 'set -o pipefail; "$@" | true; echo $?';
    const { stdout, stderr } = await run(["bash", "-c", script, "bash", AUTH, ...args("sh", "-c", "sleep 1; echo a")], {
      env,
    });
    expect([stdout, stderr]).toEqual(["141\n", ""]);
  });

  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"] as const)
    test(`${signal} is the command's, which answers it as it likes`, async () => {
      const script = `trap 'echo got; kill $!; exit 5' ${signal.slice(3)}; sleep 30 & echo ready; wait`;
      const child = Bun.spawn(["setsid", AUTH, ...args("sh", "-c", script)], {
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const reader = child.stdout.getReader();
      expect(new TextDecoder().decode((await reader.read()).value)).toBe("ready\n");
      child.kill(signal);
      expect(await child.exited).toBe(5);
    });

  test.each([
    ["says nothing", "sleep 60 & echo $!"],
    ["says something now and then", "(while sleep 0.2; do echo more; done) & echo $!"],
    ["writes all the time", "yes & echo $!"],
    ["holds stderr alone", "sleep 60 >&- & echo $!"],
  ])("with the command, though a program that it has left running %s", async (_, script) => {
    const child = Bun.spawn([AUTH, ...args("sh", "-c", script)], { env, stdio: ["ignore", "pipe", "ignore"] });
    const reader = child.stdout.getReader();
    let pid = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!pid.includes("\n")) pid += new TextDecoder().decode(value);
    }
    expect(await child.exited).toBe(0);
    const [, left] = /(\d+)/.exec(pid) ?? [];
    // Had it been waited for, it were gone; or this test would never have got here. One that writes is ended by its closed pipe.
    if (script.startsWith("sleep")) process.kill(Number(left));
  });

  test("a signal ends the wait for whoever doesn't read on", async () => {
    const pipe = join(tempFolder(), "pipe");
    await run(["mkfifo", pipe], { env });
    const unread = openSync(pipe, "r+");
    fill(pipe);
    const child = Bun.spawn([AUTH, ...args("sh", "-c", "echo more; echo done >&2")], {
      env,
      stdio: ["ignore", unread, "pipe"],
    });
    // The command's last word: what it wrote before can't be passed on.
    await child.stderr.getReader().read();
    await Bun.sleep(1500);
    expect(child.exitCode).toBeNull();
    // One that comes before the wait has begun is the command's.
    const again = setInterval(() => child.kill("SIGTERM"), 1000);
    expect(await child.exited).toBe(0);
    clearInterval(again);
    closeSync(unread);
  });
});

/** However much the kernel lets it hold. */
function fill(pipe: string): void {
  const end = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(end, Buffer.alloc(4096));
  } catch (error) {
    expect(error).toHaveProperty("code", "EAGAIN");
  } finally {
    closeSync(end);
  }
}

describe("a terminal that is closed", () => {
  test.each([
    ["a command that waits for a program of its own", "trap '' HUP; echo ready; (trap - HUP; exec cat)"],
    ["one that writes all the time", "trap '' HUP; while echo ready; do :; done"],
  ])("ends %s", async (_, script) => {
    const ready = Promise.withResolvers<void>();
    const data = (_: unknown, bytes: Uint8Array): void => {
      if (Buffer.from(bytes).includes("ready")) ready.resolve();
    };
    const child = Bun.spawn([AUTH, ...args("sh", "-c", script)], { env, terminal: { cols: 80, rows: 24, data } });
    await ready.promise;
    child.terminal?.close();
    const stopped = await Promise.race([child.exited.then(() => true), Bun.sleep(15_000)]);
    child.kill("SIGKILL");
    expect(stopped).toBe(true);
  });
});

describe("which values", () => {
  test("one that ordinary text may have in it isn't masked, and a warning says so", async () => {
    await paste(env, "apikey:short", "a1b2c3");
    const { stdout, stderr } = await auth(
      ["run", "-q", "-c", "apikey:short=SHORT_KEY", "--mask", "--", "sh", "-c", "echo $SHORT_KEY"],
      { env },
    );
    expect(stdout).toBe("a1b2c3\n");
    expect(stderr).toStartWith("Warning: The token of apikey:short isn't masked: it is so short");
  });

  test("with --format the token alone; of a file also what it calls a secret", async () => {
    const formatted = ["run", "-q", "-c", "apikey:openai=API_AUTH", "--format", "API_AUTH=Bearer {token}", "--mask"];
    expect((await auth([...formatted, "--", "sh", "-c", "echo $API_AUTH"], { env })).stdout).toBe(
      "Bearer [redacted]\n",
    );
    const file = join(tempFolder(), "project.env");
    writeFileSync(file, "PORT=30000000\nDB_PASSWORD=correct-horse\nAPI_TOKEN=auth://apikey:openai/token\n");
    await auth(["allow", file, "--yes"], { env });
    const { stdout } = await auth(
      ["run", "-q", "--env-file", file, "--mask", "--", "sh", "-c", "echo $PORT $DB_PASSWORD $API_TOKEN"],
      { env },
    );
    expect(stdout).toBe("30000000 [redacted] [redacted]\n");
  });

  test("of a file, what is a secret by its looks or its place, too", async () => {
    const lines = {
      DATABASE_URL: "postgres://me:s3cretpassword99@db/x?a=1",
      CACHE: "redis://:p%40ssword-99@cache:6379",
      CONNECTION: "Server=db;User Id=me;Password=pass word 99;Timeout=30",
      STRIPE_SK: "sk_live_51Habc2DEFghi3JKL",
      SENTRY_DSN: "https://0123456789abcdef0123456789abcdef@errors.example/1",
      HOST: "https://a-host-of-ours.example/path",
    };
    const file = join(tempFolder(), "looks.env");
    writeFileSync(
      file,
      Object.entries(lines)
        .map(([name, value]) => `${name}='${value}'\n`)
        .join(""),
    );
    await auth(["allow", file, "--yes"], { env });
    const script = `printf '%s\\n' ${Object.keys(lines)
      .map((name) => `"$${name}"`)
      .join(" ")} "p@ssword-99"`;
    const call = ["run", "-q", "--allow-none", "--env-file", file, "--mask", "--", "sh", "-c", script];
    expect((await auth(call, { env })).stdout.split("\n")).toEqual([
      "postgres://me:[redacted]@db/x?a=1",
      "redis://:[redacted]@cache:6379",
      "Server=db;User Id=me;Password=[redacted];Timeout=30",
      "[redacted]",
      "https://[redacted]@errors.example/1",
      lines.HOST,
      "[redacted]",
      "",
    ]);
  });

  test("with --keep-key, what opens the vault", async () => {
    const key = Bun.SHA256.hash("a key", "base64");
    const own = bareEnvironment({ AUTH_KEY: key });
    await paste(own, "apikey:openai", TOKEN);
    const call = ["run", "-q", "-c", "apikey:openai=TOKEN", "--keep-key", "--mask", "--", "sh", "-c", "echo $AUTH_KEY"];
    expect((await auth(call, { env: own })).stdout).toBe("[redacted]\n");
  });

  test("with --keep-key, the password in AUTH_STORE", async () => {
    const password = "hunter2hunter2";
    const home = bareEnvironment();
    const own = { ...home, AUTH_STORE: `sqlite:${home.AUTH_HOME}/vault.db?password=${password}` };
    await paste(own, "apikey:openai", TOKEN);
    const call = [
      "run",
      "-q",
      "-c",
      "apikey:openai=TOKEN",
      "--keep-key",
      "--mask",
      "--",
      "sh",
      "-c",
      "echo $AUTH_STORE",
    ];
    const { stdout } = await auth(call, { env: own });
    expect(stdout).toStartWith("sqlite:");
    expect(stdout).toEndWith("/auth/vault.db?password=[redacted]\n");
  });

  test("with --fresh, each new token before the command can read it", async () => {
    const home = await heldHome(["acme"], 4);
    try {
      const script =
        'n=0; last=; while [ $n -lt 3 ]; do t=$(cat "$ACME_TOKEN_FILE"); [ "$t" = "$last" ] || { echo "<$t>"; last=$t; n=$((n+1)); }; done';
      const call = ["run", "acme", "-q", "--fresh", "--mask", "--", "sh", "-c", script];
      const { code, stdout, stderr } = await home.call(call);
      expect([code, stdout, stderr]).toEqual([0, "<[redacted]>\n".repeat(3), ""]);
    } finally {
      await home.stop();
    }
  }, 60_000);
});

describe("on a terminal", () => {
  const terminal = (...command: string[]) => onTerminal([AUTH, ...args(...command)], { env, columns: 97 });

  test("the command has one: size, colours, and the width of what is masked", async () => {
    const script =
      'test -t 0 && test -t 1 && test -t 2 && stty size && printf "\\033[31m%s\\033[0m|\\n" "$TOKEN"; kill -TERM $$';
    const program = terminal("sh", "-c", script);
    expect((await program.ended).code).toBe(143);
    expect(program.screen()).toBe(`40 97\r\n\x1b[31m${STARS}\x1b[0m|\r\n`);
  });

  test("what it writes to the terminal itself is masked too, and what is highlighted in part", async () => {
    const program = terminal("sh", "-c", "echo $TOKEN > /dev/tty; env | grep --color=always 16C7e4");
    await program.ended;
    expect(program.screen()).not.toContain("292c6912");
    expect(program.screen().split("*".repeat(20)).length).toBeGreaterThan(2);
  });

  test("standard streams that go elsewhere stay there", async () => {
    const script = 'cat; test ! -t 0 && test -t 1 && test ! -t 2 && echo "stdout $TOKEN"; echo "stderr $TOKEN" >&2';
    const errors = join(tempFolder(), "errors");
    const program = onTerminal(["sh", "-c", `echo input | "$@" 2>${errors}`, "sh", AUTH, ...args("sh", "-c", script)], {
      env,
    });
    expect((await program.ended).code).toBe(0);
    expect(program.screen()).toBe(`input\r\nstdout ${STARS}\r\n`);
    expect(readFileSync(errors, "utf8")).toBe("stderr [redacted]\n");
  });

  test("what is typed shows at once, though it begins like the token, and a pasted token doesn't", async () => {
    const program = terminal("sh", "-c", "echo ready; cat");
    await program.waitFor("ready\r\n");
    await Bun.sleep(200);
    const from = program.screen().length;
    for (const [i, key] of [..."ghx_"].entries()) {
      program.type(key);
      await until(`key ${i}`, () => program.screen().length > from + i);
    }
    expect(program.screen().slice(from)).toBe("ghx_");
    program.type(`\r${TOKEN}\r`);
    // Echoed, then written by cat.
    await program.waitFor(`${STARS}\r\nghx_\r\n${STARS}\r\n`);
    program.type("\x04");
    expect((await program.ended).code).toBe(0);
  });

  test("Ctrl-C reaches the command, and the terminal is as before", async () => {
    const script = join(tempFolder(), "script");
    writeFileSync(script, "trap 'echo got-int; exit 6' INT\necho be''gun\nsleep 30 & wait\n");
    const bash = onTerminal(["bash", "--norc", "-i"], { env });
    bash.type("stty -g > $HOME/before\r");
    bash.type(`${AUTH} ${args("sh", script).join(" ")}; echo co''de=$?\r`);
    await bash.waitFor("begun\r\n");
    bash.type("\x03");
    await bash.waitFor("got-int");
    await bash.waitFor("code=6");
    bash.type('[ "$(stty -g)" = "$(cat $HOME/before)" ] && echo sa""me\r');
    await bash.waitFor("same");
    bash.type("exit\r");
    await bash.ended;
  });

  test.skipIf(lacking("linux"))(
    "Ctrl-Z stops the whole job, fg goes on, and SIGKILL of auth ends the command",
    async () => {
      const script = join(tempFolder(), "script");
      writeFileSync(script, "echo be''gun $$\nread line\necho \"got $line\"\nsleep 100\n");
      const bash = onTerminal(["bash", "--norc", "-i"], { env });
      bash.type(`${AUTH} ${args("sh", script).join(" ")}\r`);
      await bash.waitFor("begun ");
      bash.type("\x1a");
      await bash.waitFor("Stopped");
      bash.type("echo in-be''tween; fg\r");
      await bash.waitFor("in-between");
      await Bun.sleep(300);
      bash.type("a line\r");
      await bash.waitFor("got a line");
      const pid = Number(/begun (\d+)/.exec(bash.screen())?.[1]);
      const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      process.kill(Number(parent), "SIGKILL");
      await bash.waitFor("Killed");
      await until("the command has ended", () => !isAlive(pid));
      bash.type("echo ty''ped\r");
      await bash.waitFor("typed\r\n");
      bash.type("exit\r");
      await bash.ended;
    },
  );

  test("job control works within", async () => {
    const bash = terminal("bash", "--norc", "-i");
    await bash.waitFor("$ ");
    bash.type("echo st''arted; sleep 50\r");
    await bash.waitFor("started");
    await Bun.sleep(200);
    bash.type("\x1a");
    await bash.waitFor("Stopped");
    bash.type("jobs; kill %1; echo $TOKEN\r");
    await bash.waitFor(STARS);
    bash.type("exit\r");
    await bash.ended;
    expect(bash.screen()).not.toContain("16C7e42F");
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The same keys typed into a program in two windows of tmux, of which one masks. */
describe.skipIf(lacking("tmux"))("a program that draws the whole screen looks the same, but for the token", () => {
  const folder = tempFolder();
  const socket = join(folder, "tmux");
  const file = join(folder, "notes");
  const history = join(folder, "repository");
  const tmux = async (...words: string[]): Promise<string> => {
    const ended = await run(["tmux", "-S", socket, "-f", "/dev/null", ...words], { env: { ...env, TOKEN } });
    if (ended.code !== 0) throw new Error(ended.stderr);
    return ended.stdout;
  };
  beforeAll(async () => {
    const lines = Array.from({ length: 60 }, (_, i) => `line ${i}${i % 4 === 1 ? ` holds ${TOKEN} in it` : ""}`);
    writeFileSync(file, `${lines.join("\n")}\n`);
    const script = `git init -q . && git config user.name a && git config user.email a@b && for i in 1 2 3; do
      echo "$i $TOKEN" > file && git add file && git commit -qm "commit $i"; done`;
    await run(["sh", "-c", `mkdir '${history}' && cd '${history}' && ${script}`], { env: { ...env, TOKEN } });
    await tmux("new-session", "-d", "-s", "keeper", "-x", "90", "-y", "24", "sleep 600");
  });
  afterAll(async () => {
    await tmux("kill-server");
  });

  const programs: Readonly<Record<string, readonly [command: string, ...steps: (string | [number, number])[]]>> = {
    vim: [
      `vim -u NONE -N -n -i NONE '${file}'`,
      "jjA new",
      "Escape",
      "G",
      "ggyyp",
      [60, 20],
      "Ooh",
      "Escape",
      [90, 24],
    ],
    less: [`less '${file}'`, "Space", "b", "/holds", "Enter", [50, 15], "n"],
    python3: ["python3 -q", "import os; print(os.environ['TOKEN'])", "Enter", "print('\\x1b[31mred')", "Enter"],
    "git log": [`git -C '${history}' log -p --color --no-decorate --format=%s`, "Space", [70, 20], "b"],
    bash: ["bash --norc", "echo a $TOKEN", "Enter", "Up", " b", "Home", "C-k", "ls /", "Enter"],
    tmux: [
      `env -u TMUX tmux -S "$INNER" -f /dev/null new 'bash --norc' \\; set status-right ''`,
      "echo $TOKEN",
      "Enter",
      [60, 20],
      "C-b",
      '"',
      "date +%Y",
      "Enter",
    ],
    script: ["script -q -c 'echo $TOKEN; sh' /dev/null", "stty size", "Enter", [70, 20], "stty size", "Enter"],
  };
  /** The token, also where a line ends within it. */
  const anywhere = new RegExp([...TOKEN].join("\\n?"), "g");
  const starred = (screen: string): string => screen.replace(anywhere, (found) => found.replace(/[^\n]/g, "*"));

  for (const [name, [command, ...steps]] of Object.entries(programs))
    test.skipIf(lacking(name.split(" ")[0] as Need))(
      name,
      async () => {
        const windows = { plain: command, masked: `'${AUTH}' run -q -c apikey:openai=TOKEN --mask -- ${command}` };
        const both = Object.keys(windows);
        for (const [window, line] of Object.entries(windows)) {
          const script = `export INNER='${folder}/${window}'; ${line}`;
          await tmux("new-session", "-d", "-s", window, "-x", "90", "-y", "24", script);
        }
        const screens = (): Promise<string[]> =>
          Promise.all(both.map((window) => tmux("capture-pane", "-p", "-t", window)));
        const everything: string[] = [];
        const settle = async (step: string): Promise<void> => {
          let [plain, masked] = ["", ""] as (string | undefined)[];
          const isSettled = async (): Promise<boolean> => {
            await Bun.sleep(100);
            const before = plain;
            [plain, masked] = await screens();
            return Boolean(plain?.trim()) && plain === before && starred(plain ?? "") === masked;
          };
          // The comparison says more than that it never was so.
          await until("both screens are alike", isSettled).catch(() => {});
          expect([step, masked]).toEqual([step, starred(plain ?? "")]);
          everything.push(plain ?? "");
        };
        try {
          await settle("start");
          for (const step of steps) {
            for (const window of both)
              if (typeof step === "string") await tmux("send-keys", "-t", window, step);
              else await tmux("resize-window", "-t", window, "-x", `${step[0]}`, "-y", `${step[1]}`);
            await settle(`${step}`);
          }
          expect(everything.some((screen) => starred(screen) !== screen)).toBe(true);
        } finally {
          for (const window of both) {
            await tmux("kill-session", "-t", window);
            // A server within outlives its window.
            await run(["tmux", "-S", join(folder, window), "kill-server"], { env });
          }
        }
      },
      60_000,
    );

  describe("every form that other programs let through, of a token and of a key of several lines,", () => {
    const key = [0, 1, 2].map((i) => Bun.SHA512.hash(`${i}`, "base64").slice(0, 64));
    const pem = ["-----BEGIN PRIVATE KEY-----", ...key, "-----END PRIVATE KEY-----"].join("\n");
    const forms: Readonly<Record<string, string>> = {
      token: TOKEN,
      base64: btoa(TOKEN),
      basic: btoa(`user:${TOKEN}`),
      hex: Buffer.from(TOKEN).toString("hex"),
      key: pem,
      json: JSON.stringify({ key: pem, token: TOKEN }),
    };
    const text = join(folder, "forms");
    const variables = join(folder, "forms.env");
    const call = `'${AUTH}' run -q --env-file '${variables}' --mask -- `;
    /** Their middles, which are the secrets' own: the screen breaks lines anywhere. */
    const seen = (screen: string): string[] => {
      const joined = screen.replaceAll("\n", "");
      return Object.keys(forms).filter((name) => {
        const whole = (forms[name] ?? "").replaceAll("\n", "");
        return [0.4, 0.5, 0.6].some((at) => joined.includes(whole.slice(whole.length * at, whole.length * at + 12)));
      });
    };
    beforeAll(async () => {
      const lines = Object.entries(forms).map(([name, form]) => `${name}: ${form} :${name}`);
      writeFileSync(text, `${lines.join("\n")}\nthe end\n`);
      writeFileSync(variables, `SIGNING_KEY='${pem}'\nTOKEN=auth://apikey:openai/token\n`, { mode: 0o600 });
      const { code } = await auth(["allow", variables, "--yes"], { env });
      expect(code).toBe(0);
    });

    for (const [name, command] of Object.entries({
      vim: `vim -u NONE -N -n -i NONE '${text}'`,
      less: `less '${text}'`,
      bash: `bash --norc -c "cat '${text}'; read"`,
    }))
      test.skipIf(lacking(name as Need))(`are masked in ${name}, and all else is where it was`, async () => {
        const screen = async (line: string): Promise<string> => {
          await tmux("new-session", "-d", "-s", "forms", "-x", "90", "-y", "30", line);
          try {
            for (;;) {
              const shown = await tmux("capture-pane", "-p", "-t", "forms");
              if (shown.includes("the end")) return shown;
              await Bun.sleep(50);
            }
          } finally {
            await tmux("kill-session", "-t", "forms");
          }
        };
        const plain = await screen(command);
        expect(seen(plain)).toEqual(Object.keys(forms));
        const masked = await screen(`${call}${command}`);
        expect(seen(masked)).toEqual([]);
        expect(masked.replace(/\*/g, (star, at: number) => plain[at] ?? star)).toBe(plain);
      });
  });

  test.skipIf(lacking("htop"))("htop, whose numbers are never the same", async () => {
    const screen = (): Promise<string> => tmux("capture-pane", "-p", "-t", "htop");
    const shows = async (what: RegExp): Promise<void> => {
      await until(`it shows ${what}`, async () => what.test(await screen()));
    };
    const line = `'${AUTH}' run -q -c apikey:openai=TOKEN --mask -- htop --no-color`;
    await tmux("new-session", "-d", "-s", "htop", "-x", "90", "-y", "24", line);
    await shows(/^ +PID USER .*\n(.*\n)+F1Help .*F10Quit *\n$/m);
    await tmux("resize-window", "-t", "htop", "-x", "60", "-y", "18");
    await shows(/^(.*\n){17}F1Help .*\n$/);
    await tmux("send-keys", "-t", "htop", "F1");
    await shows(/Released under the GNU/);
    await tmux("send-keys", "-t", "htop", "q", "q");
    await until("htop has ended", async () => !(await tmux("list-sessions")).includes("htop"));
  });
});
