/** `auth agent`: a process in the background that keeps the vault open, and gives tokens to programs over HTTP. */
import { agentClient } from "../agent/client.ts";
import { agentPlace, isWithinReach } from "../agent/place.ts";
import type { Status } from "../agent/protocol.ts";
import { duration } from "../connections/view.ts";
import { errorCode } from "../platform/errors.ts";
import { localTime } from "../platform/local-time.ts";
import type { Secret } from "../platform/secret.ts";
import { endAgent, IDLE_MS, idleTime, keyFor, requireVault, type Started, startAgent } from "./agent/start.ts";
import { defineCommand, defineGroup, loaded } from "./command.ts";
import type { Cli } from "./context.ts";

const start = defineCommand({
  name: "start",
  description: "Start the agent in the background, or unlock the one that runs",
  args: {
    idle: {
      type: "string",
      valueHint: "time",
      description: "Lock after so long without a request: 15m (default), 8h, never",
    },
    tcp: {
      type: "boolean",
      description: "Listen on 127.0.0.1 too, for sandboxes that reach no socket; each start has a new secret",
    },
    foreground: { type: "boolean", description: "Stay in the foreground, as a service manager wants it" },
  },
  examples: [
    ["auth agent start", "asks for the passphrase once, and keeps the vault open until it is idle for 15 minutes"],
    ["auth agent start --idle 8h --tcp", "for a working day, and for programs in a sandbox"],
  ],
  run: async (cli, args) => {
    const idle = args.idle === undefined ? undefined : idleTime(args.idle);
    if (args.foreground)
      return inForeground(cli, { idle: idle === undefined ? IDLE_MS : idle, tcp: args.tcp ?? false });
    const { status, how } = await startAgent(cli, {
      ...(idle !== undefined && { idle }),
      ...(args.tcp && { tcp: true }),
    });
    await cli.output.result(status, SAID[how](status));
    if (idle !== undefined && status.idleSeconds !== (idle && idle / 1000))
      cli.output.warn(
        `It still locks ${idleWords(status)}: its time is set at its start. End it first: auth agent stop`,
      );
    if (args.tcp && status.tcp === null) cli.output.warn("It doesn't listen on TCP. End it first: auth agent stop");
    else if (status.tcp !== null) cli.output.say("Its secret: auth agent status --show-secret");
    await sayWhoAsksIt(cli);
    warnOfPath(cli, status);
  },
});

/** `auth` itself doesn't use the agent if it gets the key without asking: starting one doesn't replace AUTH_KEY. */
async function sayWhoAsksIt(cli: Cli): Promise<void> {
  const { ASKING, SOURCE_WORDS, sourceInEnvironment } = await import("../vault/sources/source.ts");
  const { keySource } = await requireVault(cli);
  const source = sourceInEnvironment(cli.context, keySource) ?? keySource;
  if (ASKING.includes(source)) return;
  cli.output.say(
    `Programs ask it; 'auth' itself doesn't, and opens the vault as before, with ${SOURCE_WORDS[source]}.`,
  );
}

const SAID: Readonly<Record<Started["how"], (status: Status) => string>> = {
  started: (status) => `The agent is started: ${placesOf(status)}.`,
  restarted: (status) => `The agent of an other version was ended, and a new one is started: ${placesOf(status)}.`,
  unlocked: () => "The agent is unlocked.",
  running: (status) => `The agent is running already: ${placesOf(status)}.`,
};

/** As a service it has no terminal: it starts locked where a person has to unlock it. */
async function inForeground(cli: Cli, options: { idle: number | null; tcp: boolean }): Promise<void> {
  const vault = await requireVault(cli);
  const key = (await cli.interactive()) ? await keyFor(cli) : await keyAtHand(cli);
  const { serve } = await import("./agent/serve.ts");
  await serve(cli, vault.vaultId, { ...options, key }, async (status) => {
    const { locked } = status as Status;
    const words = locked ? "The agent is locked; 'auth agent start' unlocks it" : "The agent answers";
    await cli.output.result(status, `${words}: ${placesOf(status as Status)}.`);
    warnOfPath(cli, status as Status);
  });
}

/** null where a person has to be asked. */
async function keyAtHand(cli: Cli): Promise<Secret | null> {
  try {
    return await keyFor(cli, {});
  } catch (error) {
    if (errorCode(error) === "vault_locked") return null;
    throw error;
  }
}

function warnOfPath(cli: Cli, { socket }: Status): void {
  if (socket !== null && !isWithinReach(socket))
    cli.output.warn(
      "The socket's path is too long for other programs (about a hundred characters). Start it with --tcp, or set AUTH_HOME to a shorter path.",
    );
}

const stop = defineCommand({
  name: "stop",
  description: "End the agent",
  examples: [
    ["auth agent stop", "a refresh that is under way ends first"],
    ["auth agent stop --json", "whether there was one"],
  ],
  run: async (cli) => {
    const client = await clientOf(cli);
    const isRunning = (await client?.status()) != null;
    if (client !== null && isRunning) await endAgent(client);
    await cli.output.result({ stopped: isRunning }, isRunning ? "The agent is ended." : NOT_RUNNING);
  },
});

const lock = defineCommand({
  name: "lock",
  description: "Make the agent forget the vault's key and every token, until it is unlocked",
  examples: [
    ["auth agent lock", "'auth agent start' unlocks it"],
    ["auth agent lock --json", "whether there was one to lock"],
  ],
  run: async (cli) => {
    const client = await clientOf(cli);
    const isRunning = (await client?.status()) != null;
    if (client !== null && isRunning) await client.lock();
    await cli.output.result({ locked: isRunning }, isRunning ? "The agent is locked." : NOT_RUNNING);
  },
});

const status = defineCommand({
  name: "status",
  description: "Show whether the agent runs, whether it is locked, and where it is reached",
  args: { "show-secret": { type: "boolean", description: "With the secret of its TCP address" } },
  examples: [
    ["auth agent status", "exit code 1 where none runs"],
    ["auth agent status --json --show-secret", "socket, TCP address and its secret, for a program"],
  ],
  run: async (cli, args) => {
    const client = await clientOf(cli);
    const hello = (await client?.hello()) ?? null;
    const found = hello?.status ?? (await client?.status()) ?? null;
    if (found === null) {
      if (cli.output.isJson) await cli.output.json({ running: false });
      else await cli.output.text(NOT_RUNNING);
      return 1;
    }
    // An agent of another protocol version doesn't tell its secret.
    const tcpSecret = hello?.tcpSecret ?? null;
    const secret = args["show-secret"] ? { tcpSecret } : {};
    if (cli.output.isJson) await cli.output.json({ ...found, ...secret });
    else await cli.output.lines([...linesOf(found), ...(secret.tcpSecret ? [`Secret: ${tcpSecret}`] : [])]);
    return 0;
  },
});

const NOT_RUNNING = "The agent isn't running.";

/** null where there is no vault, and so no agent. */
async function clientOf(cli: Cli) {
  const { vaultStatus } = await import("../vault/status.ts");
  const vault = await vaultStatus(cli.context);
  return vault === null ? null : agentClient(agentPlace(cli.context.paths, vault.vaultId));
}

function placesOf({ socket, tcp }: Status): string {
  return [socket, tcp].filter((place) => place !== null).join(" and ");
}

function idleWords({ idleSeconds }: Status): string {
  return idleSeconds === null ? "only on request" : `after ${duration(idleSeconds * 1000)} without a request`;
}

function linesOf(found: Status): string[] {
  const { idleSeconds, locksWithSession } = found;
  const locks = [
    ...(idleSeconds === null ? [] : [idleWords(found)]),
    ...(locksWithSession ? ["when the session locks or sleeps"] : []),
  ];
  return [
    `The agent is running, ${found.locked ? `locked (${LOCKED_BY[found.lockedBy ?? "request"]})` : "unlocked"}.`,
    `Since: ${localTime(Date.parse(found.since))}`,
    `Locks: ${locks.join(", ") || "only on request"}`,
    `Address: ${placesOf(found)}`,
    `Process: ${found.pid}, version ${found.version}`,
  ];
}

const LOCKED_BY = {
  request: "auth agent lock",
  idle: "nobody asked for a while",
  session: "the session was locked",
  vault: "the vault was given another key, or its file was replaced",
} as const;

export default defineGroup({
  name: "agent",
  description: "A process in the background that keeps the vault open, and gives tokens to programs over HTTP",
  group: "setup",
  commands: loaded({ start, stop, lock, status }),
  examples: [
    ["auth agent start", "the passphrase is typed once"],
    ["auth agent lock", "it forgets the key"],
    ["auth setup agent", "systemd or launchd starts it at each login"],
  ],
});
