/**
 * `npm run bench`: what the everyday commands cost, as ratios to an empty compiled program ("the floor").
 *
 * A floor that is slow flatters every ratio, so it is treated as the product is, in everything: the same compiler
 * flags (without the hardening an empty program also looks for .env and bunfig.toml, and takes a fifth longer), the
 * same environment, the same kind of copy. Copies differ, so there are several; the order is shuffled each round. And
 * a run in which doing nothing took longer than `auth --version` proves nothing, and says so. `npm run bench -- --plot`
 * also times the programs of bench-peers.ts that are installed, and draws docs/performance.svg.
 */
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FLAGS } from "../.ci/flags.mjs";
import { measureAgent } from "./bench-agent.ts";
import { storeCopies } from "./bench-connections.ts";
import { fleetLimit, measureFleets, missingServers } from "./bench-fleet.ts";
import { measureBridge } from "./bench-mcp.ts";
import { installedPeers } from "./bench-peers.ts";
import { plot } from "./bench-plot.ts";
import { measureProxy } from "./bench-proxy.ts";
import { crowdLimit, measureRefresh } from "./bench-refresh.ts";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 200);
const MANY = Number(process.env.BENCH_CONNECTIONS ?? 10_000);
const MANIFESTS = 200;
const MODULES = 20;
const COPIES = 3;
const PICTURE = join(import.meta.dir, "..", "docs", "performance.svg");
const folder = mkdtempSync(join(tmpdir(), "auth-bench-"));

/** What is timed, and how much of the floor's it may take at most. */
interface Subject {
  readonly name: string;
  /** `auth` and `floor` stand for one of their copies. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly atMost?: number | undefined;
  /** The file that it reads: a pipe would be filled by this process, and timed with it. */
  readonly stdin?: string;
  /** How long ago its vault was written. Seconds. */
  readonly age?: number;
}

try {
  await prepare();
  process.exitCode = await bench();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function prepare(): Promise<void> {
  mkdirSync(join(folder, "source"));
  const source = join(folder, "source", "floor.ts");
  writeFileSync(source, "");
  await must([process.execPath, "build", ...FLAGS, source, "--outfile", join(folder, "floor")]);
  for (let copy = 0; copy < COPIES; copy++) {
    copyToDisk(join(folder, "floor"), copyOf("floor", copy));
    copyToDisk(join(import.meta.dir, "..", "dist", "auth"), copyOf("auth", copy));
  }
  for (const home of ["one", "many", "plugged"]) await logIn(home, "apikey:bench");
  for (const home of ["one", "many", "plugged"]) await logIn(home, "github");
  plugIn("plugged");
  console.log(`Storing ${MANY} connections …`);
  await storeCopies(environment("many"), "apikey:bench", MANY - 1);
}

/** Where a copy of `auth` or `floor` is. */
function copyOf(program: string, copy: number): string {
  return join(folder, `copy-${copy}`, program);
}

/** All the way: a file that is still being written out runs slower. */
function copyToDisk(from: string, to: string): void {
  mkdirSync(join(to, ".."), { recursive: true });
  copyFileSync(from, to);
  const fd = openSync(to, "r+");
  fsyncSync(fd);
  closeSync(fd);
}

function atCopy([program = "", ...args]: readonly string[], copy: number): string[] {
  return [program === "auth" || program === "floor" ? copyOf(program, copy) : program, ...args];
}

async function bench(): Promise<number> {
  const one = environment("one");
  const command = ["auth", "token", "apikey:bench"];
  const token: Subject = { name: "auth token", command, env: one, age: 0, atMost: 2.55 };
  const later: Subject = { name: "auth token, an hour after the login", command, env: one, age: 3600, atMost: 2.55 };
  const run = ["auth", "run", "apikey:bench", "--", "true"];
  const crowded: Subject = {
    name: `auth token, ${MANY} connections`,
    command: token.command,
    env: environment("many"),
  };
  const named: Subject = { name: "auth token github", command: ["auth", "token", "github"], env: one };
  const plugged: Subject = {
    name: `auth token github, ${MANIFESTS + MODULES} plugins`,
    command: named.command,
    env: environment("plugged"),
  };
  const stdin = join(folder, "request");
  writeFileSync(stdin, "protocol=https\nhost=github.com\n\n");
  const asking = { command: ["auth", "helper", "git", "get"], stdin };
  const helper: Subject = { name: "git asks for github.com", ...asking, env: one, atMost: 2.75 };
  const helperCrowded: Subject = {
    name: `git asks for github.com, ${MANY} connections`,
    ...asking,
    env: environment("many"),
  };
  const line = join(folder, "line");
  writeFileSync(line, "no JSON\n");
  const bridge: Subject = {
    name: "auth mcp, until its first answer",
    command: ["auth", "mcp", "http://127.0.0.1:9/mcp"],
    stdin: line,
    env: one,
    atMost: 3,
  };
  const empty: Subject = { name: "the floor", command: ["floor"], env: one };
  const version: Subject = { name: "auth --version", command: ["auth", "--version"], env: one, atMost: 1.5 };
  const running: Subject = { name: "auth run -- true", command: run, env: one, atMost: 3 };
  const tab: Subject = {
    name: "a Tab after auth token",
    command: ["auth", "__complete", "2", "token"],
    env: one,
    atMost: 2.75,
  };
  const plotting = process.argv.includes("--plot");
  const peers: readonly Subject[] = plotting ? installedPeers(folder, environment("one")) : [];
  const subjects = [
    empty,
    version,
    token,
    later,
    running,
    tab,
    crowded,
    named,
    plugged,
    helper,
    helperCrowded,
    bridge,
    ...peers,
  ];
  const times = measure(subjects);
  const of = ({ name }: Subject): number => times.get(name) ?? Number.NaN;
  console.log(`\n${ROUNDS} rounds, ${COPIES} copies, medians:\n`);
  for (const subject of subjects) {
    const ratio = `${(of(subject) / of(empty)).toFixed(2)} ×`;
    console.log(`  ${subject.name.padEnd(36)} ${of(subject).toFixed(2).padStart(8)} ms ${ratio.padStart(9)}`);
  }
  if (of(empty) > of(version)) {
    console.log(
      "\n  ✗ The floor was slower than auth --version: this run says nothing. Run it again on a quiet machine.",
    );
    return 1;
  }
  if (plotting) {
    const bars = [version, token, running, ...peers].map((it) => ({
      name: it.name,
      ms: of(it),
      ours: !peers.includes(it),
    }));
    writeFileSync(PICTURE, plot(bars, new Date()));
    console.log(`\nDrew ${PICTURE}`);
  }
  const promises = [
    ...subjects.flatMap((it) => (it.atMost ? [promise(`${it.name} / the floor`, of(it) / of(empty), it.atMost)] : [])),
    promise(`auth token with ${MANY} connections / with one`, of(crowded) / of(token), 1.2),
    promise(`git asks, with ${MANY} connections / with one`, of(helperCrowded) / of(helper), 1.2),
    promise("auth token github with plugins / with none", of(plugged) / of(named), 1.1),
    await masking(),
    ...(process.platform === "linux" ? await agent() : []),
    ...(process.platform === "linux"
      ? [
          memory(token, empty),
          ...(await refreshing()),
          ...(await bridging()),
          ...(await proxying()),
          ...(await sharing()),
        ]
      : []),
  ];
  console.log("");
  for (const { line } of promises) console.log(`  ${line}`);
  return promises.every(({ kept }) => kept) ? 0 : 1;
}

async function proxying(): Promise<Kept[]> {
  const { rate, reverse, forward, plain } = await measureProxy(copyOf("auth", 0));
  console.log(
    `  proxy: ${rate.toFixed(0)} requests a second; it adds ${reverse.toFixed(2)} ms by address, ${forward.toFixed(2)} ms as HTTPS_PROXY (one that only hands bytes over: ${plain.toFixed(2)} ms)`,
  );
  return [
    promise("3,000 / requests a second through auth proxy", 3000 / rate, 1),
    promise("milliseconds that auth proxy adds by address", reverse, 1),
    promise("milliseconds that auth proxy adds as HTTPS_PROXY", forward, 2),
  ];
}

async function agent(): Promise<Kept[]> {
  const { perSecond, p99, byAgent, byPassphrase } = await measureAgent(copyOf("auth", 0), ROUNDS / 4);
  console.log(
    `  agent: ${perSecond.toFixed(0)} tokens/s over its socket, p99 ${p99.toFixed(2)} ms; auth token by it ${byAgent.toFixed(1)} ms, by a passphrase ${byPassphrase.toFixed(1)} ms`,
  );
  return [
    promise("10,000 tokens/s / the agent's", 10_000 / perSecond, 1),
    promise("the agent's p99 / 2 ms", p99 / 2, 1),
    promise("auth token by the agent / by a passphrase", byAgent / byPassphrase, 1),
  ];
}

async function refreshing(): Promise<Kept[]> {
  const copies = Array.from({ length: COPIES }, (_, copy) => ({
    auth: copyOf("auth", copy),
    floor: copyOf("floor", copy),
  }));
  const { alone, floor, crowd } = await measureRefresh(copies, ROUNDS / 2);
  const limit = crowdLimit(floor);
  console.log(
    `  refresh: ${alone.toFixed(2)} ms alone, the floor ${floor.toFixed(2)} ms in turn with it; 50 at once, the provider taking 300 ms: ${crowd.toFixed(0)} ms`,
  );
  return [
    promise("auth refresh, beyond the provider's time / the floor", alone / floor, 6),
    promise(`50 at once on an expired token / ${limit.toFixed(0)} ms`, crowd / limit, 1),
  ];
}

async function sharing(): Promise<Kept[]> {
  const copies = Array.from({ length: COPIES }, (_, copy) => ({
    auth: copyOf("auth", copy),
    floor: copyOf("floor", copy),
  }));
  for (const name of missingServers()) console.log(`  a vault in ${name}: left out, it isn't installed`);
  return (await measureFleets(copies, ROUNDS / 4)).flatMap((times) => {
    const { backend, cached, asked, floor, fleet } = times;
    const limit = fleetLimit(times);
    console.log(
      `  a vault in ${backend}: auth token ${cached.toFixed(2)} ms cached, ${asked.toFixed(2)} ms asked for, the floor ${floor.toFixed(2)} ms in turn with them; 20 machines × 25 processes, the provider taking 300 ms: ${fleet.toFixed(0)} ms`,
    );
    return [
      promise(`auth token, cached, from ${backend} / the floor`, cached / floor, 2.85),
      promise(`20 × 25 on an expired token, by ${backend} / ${limit.toFixed(0)} ms`, fleet / limit, 1),
    ];
  });
}

async function bridging(): Promise<Kept[]> {
  const { direct, bridged, refreshes } = await measureBridge();
  console.log(`  a call by auth mcp: ${bridged.toFixed(2)} ms, by the SDK itself: ${direct.toFixed(2)} ms`);
  return [
    promise("a call by auth mcp, beyond the SDK's own / 2 ms", (bridged - direct) / 2, 1),
    promise("refreshes of 50 bridges on a token that has ended", refreshes, 1),
  ];
}

/** What `run --mask` passes on in a second, of text without a token. */
async function masking(): Promise<Kept> {
  const text = join(folder, "text");
  const source = readFileSync(import.meta.path);
  writeFileSync(text, Buffer.concat(Array.from({ length: Math.ceil(256e6 / source.length) }, () => source)));
  const seconds: number[] = [];
  for (let round = 0; round < 5; round++) {
    const start = Bun.nanoseconds();
    const command = [copyOf("auth", 0), "run", "apikey:bench", "-q", "--mask", "--", "cat", text];
    const child = Bun.spawn(["sh", "-c", '"$@" | cat > /dev/null', "sh", ...command], { env: environment("one") });
    if ((await child.exited) !== 0) throw new Error("run --mask failed");
    seconds.push((Bun.nanoseconds() - start) / 1e9);
  }
  const rate = 256 / Math.min(...seconds);
  console.log(`\n  run --mask: ${rate.toFixed(0)} MB/s`);
  return promise("200 MB/s / what run --mask passes on", 200 / rate, 1);
}

function memory(subject: Subject, empty: Subject): Kept {
  const [mine, least] = [peak(subject), peak(empty)];
  console.log(`\n  memory: ${(mine / 1024).toFixed(1)} MiB, the floor's ${(least / 1024).toFixed(1)} MiB`);
  return promise(`memory of ${subject.name} / the floor's`, mine / least, 2);
}

/**
 * The most memory it had resident, in KiB, as the kernel accounts it. Started from a small process: what it reports of
 * our own child would also count us, from before the exec.
 */
function peak({ command, env }: Subject): number {
  const getrusage = process.arch === "arm64" ? 165 : 98;
  const script = `open STDOUT, ">", "/dev/null"; system @ARGV; $u = "\\0" x 256; syscall(${getrusage}, -1, $u); print STDERR +(unpack "q*", $u)[4]`;
  const peaks: number[] = [];
  for (let round = 0; round < 5 * COPIES; round++) {
    const [program = "", ...args] = atCopy(command, round % COPIES);
    const { stderr } = Bun.spawnSync(["perl", "-e", script, program, ...args], {
      env: { ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    peaks.push(Number(/\d+$/.exec(stderr.toString())?.[0]));
  }
  return median(peaks);
}

/** Each round runs every subject once, in a new order, so that what disturbs the machine disturbs them all. */
function measure(subjects: readonly Subject[]): Map<string, number> {
  const samples = new Map<string, number[]>(subjects.map(({ name }) => [name, []]));
  for (let round = -2 * COPIES; round < ROUNDS; round++) {
    for (const { name, command, env, age, stdin } of shuffled(subjects)) {
      if (age !== undefined) setAge(env, age);
      const argv = atCopy(command, (round + 2 * COPIES) % COPIES);
      const start = Bun.nanoseconds();
      const ended = Bun.spawnSync(argv, {
        env: { ...env },
        stdio: [stdin === undefined ? "ignore" : Bun.file(stdin), "ignore", "pipe"],
      });
      const ms = (Bun.nanoseconds() - start) / 1e6;
      if (ended.exitCode !== 0) throw new Error(`${command.join(" ")}: ${ended.exitCode} ${ended.stderr}`);
      // The first rounds only warm up.
      if (round >= 0) samples.get(name)?.push(ms);
    }
  }
  return new Map([...samples].map(([name, ms]) => [name, median(ms)]));
}

function setAge(env: Subject["env"], seconds: number): void {
  const then = Date.now() / 1000 - seconds;
  utimesSync(join(env.AUTH_HOME ?? "", "vault.db"), then, then);
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

interface Kept {
  readonly line: string;
  readonly kept: boolean;
}

function promise(what: string, ratio: number, atMost: number): Kept {
  const kept = ratio <= atMost;
  return { kept, line: `${kept ? "✓" : "✗"} ${what}: ${ratio.toFixed(2)} (at most ${atMost})` };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function environment(home: string): Record<string, string> {
  const AUTH_KEY = Buffer.from("a key for the bench, 32 bytes ok").toString("base64");
  return { PATH: process.env.PATH ?? "", HOME: folder, AUTH_HOME: join(folder, home), AUTH_KEY };
}

/** Manifests and modules that no command uses. */
function plugIn(home: string): void {
  const place = join(folder, home, "providers");
  mkdirSync(place, { mode: 0o700 });
  const write = (name: string, text: string): void => writeFileSync(join(place, name), text, { mode: 0o600 });
  for (let i = 0; i < MANIFESTS; i++)
    write(`manifest-${i}.toml`, `id = "manifest-${i}"\ntitle = "M"\nflows = ["token"]\n`);
  for (let i = 0; i < MODULES; i++)
    write(`module-${i}.ts`, `export default { id: "module-${i}", title: "M", flows: ["token"] };\n`);
}

async function logIn(home: string, name: string): Promise<void> {
  const paste = ["login", name, "--token", "-", "--no-verify"];
  // As long as real ones, since lines are searched for those alone.
  await must([copyOf("auth", 0), ...paste], environment(home), "sk-bench-16C7e42F292c6912E7710c838347Ae17");
}

async function must(command: readonly string[], env?: Record<string, string>, stdin = ""): Promise<void> {
  const child = Bun.spawn([...command], {
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
    ...(env && { env }),
  });
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${await child.stderr.text()}`);
}
