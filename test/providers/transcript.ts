/** The checked-in transcripts of documented exchanges (`transcripts/README.md`), parsed. */
import { readdirSync } from "node:fs";

export interface Request {
  readonly method: string;
  readonly url: string;
  /** In lower case; an empty value: not sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Exchange {
  readonly title: string;
  readonly source: string;
  readonly operation: string;
  readonly arguments: Record<string, unknown>;
  /** What the issuer that plays the provider is to answer alike: `device`, `refresh`, `dead`. */
  readonly issuer: string | null;
  readonly jwt: { readonly header: object; readonly claims: object } | null;
  readonly request: Request | null;
  readonly reply: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  } | null;
  readonly result: unknown;
}

const folder = new URL("./transcripts/", import.meta.url);

export const transcripts: Readonly<Record<string, readonly Exchange[]>> = Object.fromEntries(
  await Promise.all(
    readdirSync(folder)
      .filter((name) => name.endsWith(".http"))
      .map(
        async (name) => [name.slice(0, -".http".length), parse(await Bun.file(new URL(name, folder)).text())] as const,
      ),
  ),
);

function parse(text: string): Exchange[] {
  return text.split(/^## /m).slice(1).map(exchange);
}

function exchange(text: string): Exchange {
  const [title = "", ...lines] = text.trimEnd().split("\n");
  const field = (name: string): string | null =>
    lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
  const [, operation = "", given = "{}"] = /^(\w+) (.*)$/.exec(field("call") ?? "") ?? [];
  const sent = marked(lines, ">");
  const came = marked(lines, "<");
  const [, method = "", url = ""] = /^(\w+) (\S+)$/.exec(sent.first) ?? [];
  const [, header = "{}", claims = "{}"] = /^(\{.*?\}) (\{.*\})$/.exec(field("jwt") ?? "") ?? [];
  return {
    title,
    source: field("source") ?? "",
    operation,
    arguments: JSON.parse(given),
    issuer: field("issuer"),
    jwt: field("jwt") === null ? null : { header: JSON.parse(header), claims: JSON.parse(claims) },
    request: sent.first === "" ? null : { method, url, headers: sent.headers, body: sent.body },
    reply: came.first === "" ? null : { status: Number(came.first), headers: came.headers, body: came.body },
    result: JSON.parse(lines.find((line) => line.startsWith("= "))?.slice(2) ?? "null"),
  };
}

function marked(lines: readonly string[], mark: ">" | "<") {
  const [first = "", ...rest] = lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(2));
  const end = rest.indexOf("");
  const headers = rest.slice(0, end < 0 ? rest.length : end).map((line) => {
    const [name = "", ...value] = line.split(":");
    return [name.toLowerCase(), value.join(":").trim()] as const;
  });
  return { first, headers: Object.fromEntries(headers), body: end < 0 ? "" : rest.slice(end + 1).join("\n") };
}
