import { discover } from "../../oauth/discovery.ts";
import type { Environment } from "../../platform/context.ts";
import { AuthError, errorCode, usage } from "../../platform/errors.ts";
import { shellWord } from "../../platform/shell-word.ts";
import { isProviderId } from "../../providers/names.ts";
import { parseDefinition } from "../../providers/parse.ts";
import { readManifest } from "../../providers/plugins/manifest.ts";
import type { EndpointName } from "../../providers/schema.ts";
import { type Args, defineCommand, SCOPE } from "../command.ts";
import type { Cli } from "../context.ts";
import { scopes } from "../scopes.ts";
import { inSession } from "../session.ts";
import { address, nonEmpty } from "../settings.ts";
import { shown } from "../suggest.ts";
import { type Known, manifestDraft, moduleDraft } from "./draft.ts";

/** Flag → endpoint. */
const ADDRESSES: Readonly<Record<string, EndpointName>> = {
  "authorization-url": "authorization",
  "device-url": "device",
  "token-url": "token",
  "revocation-url": "revocation",
  "userinfo-url": "userinfo",
};

const url = (description: string) => ({ type: "string", valueHint: "url", description }) as const;

const ARGS = {
  id: {
    type: "positional",
    required: true,
    description: "What it is to be called: lower-case letters, digits, dashes",
  },
  title: { type: "string", valueHint: "text", description: "What people call it" },
  issuer: url("Asked for its endpoints (OpenID Connect, RFC 8414)"),
  "authorization-url": url("The authorization endpoint, for the browser"),
  "device-url": url("The device authorization endpoint"),
  "token-url": url("The token endpoint"),
  "revocation-url": url("The revocation endpoint"),
  "userinfo-url": url("The userinfo endpoint, for whose a token is"),
  ...SCOPE,
  "client-id": {
    type: "string",
    valueHint: "id",
    description: "Your OAuth client there, to be named in what to do next",
  },
  module: { type: "boolean", description: "A TypeScript module instead of a TOML manifest" },
  file: { type: "string", valueHint: "path", description: "Where to (default: <id>.toml here; - for standard output)" },
  force: { type: "boolean", description: "Also over a file that exists" },
} as const satisfies Args;

export default defineCommand({
  name: "new",
  description: "Write a provider's description to begin with, filled with what is known",
  args: ARGS,
  examples: [
    ["auth provider new acme --issuer https://login.acme.example", "all that discovery knows"],
    [
      "auth provider new acme --authorization-url https://acme.example/authorize --token-url https://acme.example/token",
      "from its documentation",
    ],
    ["auth provider new acme --module --file -", "a module, to look at"],
  ],
  run: async (cli, args) => {
    const { id } = args;
    checkId(id);
    const known = await knownOf(cli, id, args);
    const isModule = args.module ?? false;
    const name = `${id}.${isModule ? "ts" : "toml"}`;
    const path = nonEmpty(args.file, "--file") ?? name;
    const manifest = manifestDraft(known, headOf(name, id));
    // The result passes 'auth provider check' unchanged.
    const definition = parseDefinition(await readManifest(manifest, `${id}.toml`), name);
    const text = isModule ? moduleDraft(definition, headOf(name, id)) : manifest;
    if (path === "-") return cli.output.text(text.trimEnd());
    await write(path, text, args.force ?? false);
    if ((await inSession(cli, ({ registry }) => registry.everyId())).includes(id))
      cli.output.warn(`There is a provider '${id}' already: adding this one needs --replace.`);
    cli.output.success(`Wrote ${path}.`);
    for (const line of nextSteps(path, id, isModule, nonEmpty(args["client-id"], "--client-id"))) cli.output.say(line);
    if (cli.output.isJson) await cli.output.json({ provider: id, file: path, flows: definition.flows });
  },
});

function checkId(id: string): void {
  if (isProviderId(id)) return;
  throw usage(`'${shown(id)}' can't be a provider's id.`, "It has lower-case letters, digits and dashes: my-company");
}

type Given = Readonly<Partial<Record<string, unknown>>>;

async function knownOf(cli: Cli, id: string, args: Given): Promise<Known> {
  const text = (name: string): string | undefined => args[name] as string | undefined;
  const given = {
    title: nonEmpty(text("title"), "--title"),
    issuer: address(text("issuer"), "--issuer"),
    endpoints: endpointsFrom((flag) => address(text(flag), `--${flag}`)),
    scopes: scopes(text("scope")),
  };
  const isBare = given.issuer === null && Object.keys(given.endpoints).length === 0;
  const asks = isBare && text("file") !== "-" && !cli.output.isJson && (await cli.interactive());
  const answers = asks ? await askAddresses(id, given, cli.context.env) : given;
  const { issuer, endpoints } = answers;
  const document = issuer === null ? null : await discover(cli.context.http, issuer);
  const all = { ...document?.endpoints, ...endpoints };
  const opens = all.authorization !== undefined || all.device !== undefined;
  if (opens && all.token === undefined) throw usage("There is no token endpoint.", "Give it: --token-url https://…");
  if (!opens && all.token !== undefined)
    throw usage("There is no way to log in.", "Give --authorization-url or --device-url, from its documentation.");
  return { ...answers, id, title: answers.title ?? titleOf(id), endpoints: all, document };
}

type Answers = Pick<Known, "issuer" | "endpoints" | "scopes"> & { readonly title: string | null };

/** Enter leaves a field out. */
async function askAddresses(id: string, given: Answers, env: Environment): Promise<Answers> {
  const { askText } = await import("../../platform/prompt.ts");
  const title = given.title ?? (await askText("What people call it", env, titleOf(id)));
  const issuer = address((await askText("Issuer's URL (Enter: it has none)", env)) || undefined, "The issuer");
  if (issuer !== null) return { ...given, title, issuer };
  const answers: Record<string, string> = {};
  for (const [flag, name] of Object.entries(ADDRESSES)) {
    const answer = await askText(`${flag.replace("-url", "")} URL (Enter: none)`, env);
    if (answer !== "") answers[flag] = answer;
    // Without a way to log in it takes API keys only, and nothing else is needed.
    if (name === "device" && Object.keys(answers).length === 0) return { ...given, title };
  }
  const endpoints = endpointsFrom((flag) => address(answers[flag], `The ${flag.replace("-url", "")} URL`));
  const wanted = given.scopes ?? scopes((await askText("Scopes (Enter: none)", env)) || undefined);
  return { ...given, title, endpoints, scopes: wanted };
}

function endpointsFrom(read: (flag: string) => string | null): Partial<Record<EndpointName, string>> {
  const found = Object.entries(ADDRESSES).map(([flag, name]) => [name, read(flag)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== null));
}

/** `my-company` is My Company. */
function titleOf(id: string): string {
  return id
    .split("-")
    .map((word) => `${word[0]?.toUpperCase() ?? ""}${word.slice(1)}`)
    .join(" ");
}

function headOf(name: string, id: string): string[] {
  return [
    `A provider for auth. Check it: auth provider check ${shellWord(name)}`,
    `Use it: auth provider add ${shellWord(`./${name}`)}, then: auth login ${id}`,
    ...(name.endsWith(".ts")
      ? ["Every field: docs/provider-contract.md. For editors: auth provider types > auth-provider.d.ts"]
      : [
          "",
          "Fields that are commented out are examples of what most providers need next: fill them in, or delete them.",
          "Every field: docs/provider-contract.md. For editors: auth provider types --json-schema",
        ]),
  ];
}

async function write(path: string, text: string, force: boolean): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  try {
    await writeFile(path, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST") throw usage(`${shown(path)} exists already.`, "Give another with --file, or add --force.");
    throw new AuthError("usage", `${shown(path)} can't be written (${code}).`, {
      hint: "Give another with --file.",
      cause: error,
    });
  }
}

function nextSteps(path: string, id: string, isModule: boolean, clientId: string | null): string[] {
  const file = /[\\/]/.test(path) ? path : `./${path}`;
  const word = shellWord(file);
  return [
    `Fill in what it lacks, then: auth provider check ${word}`,
    `Use it: auth provider add ${word}${isModule ? `, then: auth provider trust ${id}` : ""}`,
    `Log in: auth login ${id}${clientId === null ? "" : ` --client-id ${shellWord(clientId)}`}`,
  ];
}
