/**
 * The main job, played with the built binary: each command is real, and so is its output. The issuer is the certified
 * `oidc-provider`, on loopback; its access tokens live for six seconds, so that one can be seen expiring.
 */
import { rmSync } from "node:fs";
import { decideDevice, startOidc } from "./issuers/oidc-client.ts";
import { AUTH, bareEnvironment, tempFolder } from "./support/program.ts";

const LIFETIME = 6;
const CONNECTION = "oidc:demo";
const paint = process.stdout.isTTY && !process.env.NO_COLOR;
const style = (code: number, text: string): string => (paint ? `\x1b[${code}m${text}\x1b[0m` : text);

const home = tempFolder();
const env = bareEnvironment({ HOME: home });
const issuer = await startOidc({ accessTokenSeconds: LIFETIME });
try {
  await play();
} finally {
  await issuer.stop();
  rmSync(home, { recursive: true, force: true });
}

async function play(): Promise<void> {
  say("A certified OpenID Connect issuer is running here, and `auth` has never been used on this machine.");
  say("1. Log in. The issuer shows a code; a person approves it in a browser (here: the demo itself, by HTTP).");
  await login();
  say("2. Who am I, and for how long?");
  await auth("status", CONNECTION);
  say("3. The token lies encrypted: the vault's file does not hold it.");
  const first = await auth("token", CONNECTION);
  await lookForIt(first);
  say("4. A command gets it in its environment, and only this command.");
  await auth("run", CONNECTION, "--", "sh", "-c", 'printf %s "$OIDC_TOKEN" | wc --chars');
  say(`5. It lives for ${LIFETIME} seconds. We wait until it is dead …`);
  await Bun.sleep(LIFETIME * 1000 + 500);
  say("… and ask for it again: it is refreshed, once, though five programs ask at the same time.");
  const five = await Promise.all(Array.from({ length: 5 }, () => quietly("token", CONNECTION)));
  const kinds = new Set(five.map(({ stdout }) => stdout));
  show(
    `${five.length} × auth token ${CONNECTION}`,
    `${kinds.size} different token, not the first one: ${!kinds.has(first)}\n`,
  );
  if (kinds.size !== 1 || kinds.has(first)) throw new Error("the refresh did not do what it promises");
  say("6. A script reads any fact of it.");
  await auth("get", CONNECTION, "--field", "expiresAt");
  await auth("list");
  say("7. Log out: revoked at the issuer, erased here.");
  await auth("logout", CONNECTION);
  await auth("status");
  say("That is the main job. `npm test` checks all of it.");
}

async function login(): Promise<void> {
  const args = ["login", CONNECTION, "--issuer", issuer.issuer, "--client-id", issuer.clientId, "--flow", "device"];
  console.log(style(36, `\n$ auth ${args.join(" ")}`));
  const child = Bun.spawn([AUTH, ...args], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const decoder = new TextDecoder();
  let seen = "";
  for await (const chunk of child.stderr) {
    const text = decoder.decode(chunk, { stream: true });
    process.stdout.write(text);
    const before = seen;
    seen += text;
    const code = /code ([A-Z]{4}-[A-Z]{4})/.exec(seen)?.[1];
    if (code !== undefined && !/code [A-Z]{4}-[A-Z]{4}/.test(before))
      await decideDevice(`${issuer.issuer}/device?user_code=${code}`, "approve");
  }
  if ((await child.exited) !== 0) throw new Error("the login failed");
}

/** Runs a command, shows it and what it says; what it printed is returned. */
async function auth(...args: string[]): Promise<string> {
  const { stdout, stderr } = await quietly(...args);
  show(`auth ${args.map((arg) => (/[\s"$]/.test(arg) ? `'${arg}'` : arg)).join(" ")}`, stdout + stderr);
  return stdout;
}

async function quietly(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const child = Bun.spawn([AUTH, ...args], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  return { stdout, stderr };
}

async function lookForIt(token: string): Promise<void> {
  const vault = await Bun.file(`${env.AUTH_HOME}/vault.db`).bytes();
  const journal = await Bun.file(`${env.AUTH_HOME}/vault.db-journal`)
    .bytes()
    .catch(() => new Uint8Array());
  const found = [vault, journal].filter((bytes) => Buffer.from(bytes).includes(token.trim())).length;
  show("grep --count <the token> vault.db vault.db-journal", `${found}\n`);
  if (found > 0) throw new Error("the token lies in the clear");
}

function say(text: string): void {
  console.log(`\n${style(1, text)}`);
}

function show(command: string, output: string): void {
  console.log(style(36, `\n$ ${command}`));
  process.stdout.write(output);
}
