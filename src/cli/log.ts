import { display, isAddress } from "../connections/ref.ts";
import { AUDIT_EVENTS } from "../platform/audit-event.ts";
import { AuthError, errorCode, usage } from "../platform/errors.ts";
import { localTime } from "../platform/local-time.ts";
import { permitCommand } from "../platform/shell-word.ts";
import { accessHint, ownershipIfThere } from "../platform/small-file.ts";
import { type AuditLine, parseAudit } from "./audit-line.ts";
import { printTable } from "./columns.ts";
import { defineCommand } from "./command.ts";
import type { Cli } from "./context.ts";
import { inSession, type Session } from "./session.ts";
import { oneOf } from "./suggest.ts";

export default defineCommand({
  name: "log",
  description: "Show what happened to your connections, and who asked",
  group: "scripting",
  args: {
    lines: {
      type: "string",
      alias: "n",
      valueHint: "count",
      description: "How many of the last entries (default: 50)",
    },
    connection: { type: "string", valueHint: "connection", description: "Only this connection's" },
    event: { type: "string", valueHint: "event", description: "Only this kind: refresh, login, token_read …" },
    failures: { type: "boolean", description: "Only what failed" },
  },
  examples: [
    ["auth log --failures", "what went wrong lately"],
    ["auth log --connection {a}:work --event refresh", "every attempt to refresh it"],
    ["auth log -n 1000 --json", "NDJSON, for a program"],
  ],
  run: async (cli, args) => {
    const wanted = countOf(args.lines);
    const connection = args.connection === undefined ? null : await fullName(cli, args.connection);
    const filter = filterOf(connection, args.event, args.failures ?? false);
    const { lines, unreadable } = await readAll(cli.context.paths.audit);
    const last = lines.filter(filter).slice(-wanted);
    if (unreadable > 0)
      cli.output.warn(
        `${unreadable} ${unreadable === 1 ? "line" : "lines"} of the log can't be read: written by another version, or damaged.`,
      );
    if (cli.output.isJson) for (const line of last) await cli.output.event(line);
    else if (last.length === 0) cli.output.say("Nothing is logged.");
    else await printTable(cli.output, HEADING, last.map(cells));
  },
});

/** The rotated file first: oldest first. */
async function readAll(path: string): Promise<{ lines: AuditLine[]; unreadable: number }> {
  const lines: AuditLine[] = [];
  let unreadable = 0;
  for (const file of [`${path}.1`, path]) {
    for (const text of (await textOf(file)).split("\n")) {
      if (text === "") continue;
      const line = parseAudit(text);
      if (line === null) unreadable++;
      else lines.push(line);
    }
  }
  return { lines, unreadable };
}

/** Empty where there is no regular file, so that it never waits for a pipe. */
async function textOf(path: string): Promise<string> {
  const file = Bun.file(path);
  try {
    return (await file.stat()).isFile() ? await file.text() : "";
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw new AuthError("internal", `The audit log can't be read: ${path} (${errorCode(error) ?? "unknown error"}).`, {
      cause: error,
      hint: accessHint(
        path,
        await ownershipIfThere(path),
        `Make it readable: ${permitCommand(path)}   (or move it away: a new one is begun)`,
      ),
    });
  }
}

function filterOf(name: string | null, event: string | undefined, failures: boolean): (line: AuditLine) => boolean {
  if (event !== undefined) oneOf("event", event, AUDIT_EVENTS);
  return (line) =>
    (name === null || line.connection?.toLowerCase() === name) &&
    (event === undefined || line.event === event) &&
    (!failures || line.status === "failure");
}

/** A provider alone means its default connection, and an alias its provider. The log keeps removed ones. */
async function fullName(cli: Cli, connection: string): Promise<string> {
  if (isAddress(connection)) return inSession(cli, (session) => nameAtIssuer(session, connection));
  const [provider = "", name] = connection.toLowerCase().split(":", 2);
  const id = await inSession(cli, ({ registry }) => registry.idOf(provider));
  return `${id ?? provider}:${name ?? "default"}`;
}

/** The login at an issuer, or the name that it would have: the log keeps ended ones. */
async function nameAtIssuer({ registry, vault }: Session, url: string): Promise<string> {
  const { connectionByIssuer } = await import("../connections/by-issuer.ts");
  try {
    return display(await connectionByIssuer(await vault(), url, undefined)).toLowerCase();
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "connection_not_found") throw error;
    const { targetAtIssuer } = await import("./login/target.ts");
    return display((await targetAtIssuer(registry, url, undefined)).ref).toLowerCase();
  }
}

function countOf(value: string | undefined): number {
  if (value === undefined) return 50;
  if (!/^[1-9]\d{0,8}$/.test(value)) throw usage("-n takes a whole number above zero.", "For example: -n 100");
  return Number(value);
}

const HEADING = ["TIME", "EVENT", "CONNECTION", "RESULT", "PROGRAM", "MESSAGE"];

function cells(line: AuditLine): string[] {
  const outcome =
    line.status === "success" ? "ok" : [line.code, line.providerError].filter(Boolean).join(": ") || "failed";
  return [
    localTime(Date.parse(line.time), true),
    line.event,
    line.connection ?? "",
    outcome,
    line.program ?? "",
    [line.message, line.detail].filter(Boolean).join(": "),
  ];
}
