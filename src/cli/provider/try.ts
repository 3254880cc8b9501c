import { builtIn } from "../../../providers/index.ts";
import { type Tried, type TryWatch, tryLogin } from "../../connections/try-login.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { commandLine } from "../../platform/shell-word.ts";
import { clashError, refuseForeignIssuer } from "../../providers/plugins/claims.ts";
import { createRegistry } from "../../providers/registry.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { type Args, defineCommand } from "../command.ts";
import { type Cli, createCli, DEFAULT_GLOBALS } from "../context.ts";
import { requireConsent } from "../input.ts";
import { LOGIN_FLAGS, loginCallFrom } from "../login/call.ts";
import { type LoginCall, performLogin } from "../login/perform.ts";
import { inSession, type Session } from "../session.ts";
import { loginArgs, loginFlags } from "../settings.ts";
import { CONSENT, type Consent, consentFrom } from "./consent.ts";
import { replyLines, type ShownReply, showingReplies } from "./shown-replies.ts";
import { isFileName, subjectOf } from "./subject.ts";
import { described, inWords, sourceOf } from "./view.ts";

export default defineCommand({
  name: "try",
  description: "Log in once at the real provider and show what each reply looks like: names, types, lengths, no values",
  args: {
    provider: {
      type: "positional",
      required: true,
      completes: "provider-or-file",
      description: "A plugin's file, or a provider's id",
    },
    ...LOGIN_FLAGS,
    keep: { type: "boolean", description: "Keep the login; without it, it is refreshed once, revoked and forgotten" },
    replace: {
      type: "boolean",
      description: "Also a file that takes the place of another provider, or claims what is its",
    },
    ...CONSENT,
  },
  extraFlags: (words, env) => flagsFor(words.slice(2), env),
  examples: [
    ["auth provider try acme.toml --client-id my-app", "a manifest, before it is added"],
    ["auth provider try {a}", "one that is known"],
    ["auth provider try acme.toml --flow device --json", "each reply as a line of JSON"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const consent = consentFrom(args);
      const replace = args.replace ?? false;
      const isFile = isFileName(args.provider);
      if (isFile && args.keep)
        throw usage(
          "A login at a file's provider can't be kept: it couldn't be refreshed.",
          "Add it first: auth provider add <file>",
        );
      const { definition, clash = null, base = null } = await subjectOf(cli, session, args.provider, consent, "try");
      if (isFile) await agree(cli, session, definition, clash, { consent, replace, file: args.provider });
      const trying = isFile ? tryingSession(cli, session, definition, { base, replace }) : session;
      const target = { ref: { provider: definition.id, name: "default" }, settings: {} };
      const made = await loginCallFrom(cli, trying, target, args);
      const keep = args.keep ?? false;
      // A kept one is an ordinary login, so its messages name `auth login`.
      const command = keep ? {} : { command: commandOf(args.provider, { replace, yes: consent.yes && isFile }) };
      const call = { ...made, request: { ...made.request, ...command } };
      await tryAt(cli, session, trying, definition, call, keep);
    }),
});

/** The session with a file's description, as if it had been added. */
function tryingSession(
  cli: Cli,
  session: Session,
  definition: ProviderDefinition,
  { base, replace }: { readonly base: string | null; readonly replace: boolean },
): Session {
  const { get } = session.registry;
  const registry = createRegistry({ builtIn: { [definition.id]: async () => ({ default: definition }) } });
  const refuseForeign: typeof registry.refuseForeign = async (id, addresses) => {
    if (replace) return;
    const catalog = await import("../../../providers/catalog/index.ts");
    await refuseForeignIssuer(id, addresses, base, builtIn, catalog, get);
  };
  return { ...session, context: cli.context, registry: { ...registry, refuseForeign } };
}

/** A file may send another provider's secrets to its own addresses: the same questions as before it is added. */
async function agree(
  cli: Cli,
  { registry }: Session,
  definition: ProviderDefinition,
  clash: string | null,
  { consent, replace, file }: { readonly consent: Consent; readonly replace: boolean; readonly file: string },
): Promise<void> {
  const { id } = definition;
  const isTaken = (await registry.everyId()).includes(id) && (await registry.kindOf(id)) !== "installed";
  const claimed = isTaken ? `the name ${id}, which is part of auth` : clash;
  if (claimed !== null && !replace) throw clashError(id, claimed);
  if (consent.yes) return;
  for (const line of inWords({ ...described(definition), id, ...sourceOf("file"), replaces: claimed !== null }))
    cli.output.notice(escapeText(line));
  const call = commandOf(file, { replace, yes: true });
  await requireConsent(cli, `Log in at ${id}?`, false, `Review the above, then: ${commandLine(call)}`);
}

async function tryAt(
  cli: Cli,
  session: Session,
  trying: Session,
  definition: ProviderDefinition,
  call: LoginCall,
  keep: boolean,
): Promise<void> {
  const show = (reply: ShownReply): void => {
    if (cli.output.isJson) void cli.output.event({ event: "reply", ...reply });
    else void cli.output.lines(replyLines(reply));
  };
  const http = showingReplies(cli.context.http, definition, call.request, show);
  const context = { ...cli.context, http };
  const shown = { ...cli, context };
  if (keep) {
    const services = async () => ({ ...(await session.services()), context });
    return performLogin(shown, { ...session, context, services }, call);
  }
  const { OverlayVault } = await import("../../vault/overlay.ts");
  const services = {
    context: { ...context, audit: async () => {} },
    registry: trying.registry,
    vault: new OverlayVault(await session.vault()),
  };
  const { createLoginUi } = await import("../login/ui.ts");
  const { offeringToTakeClient } = await import("../login/ask.ts");
  const ui = await createLoginUi(shown, call.display);
  try {
    const request = { ...call.request, ...(await call.secrets()) };
    const watch: TryWatch = {
      begin: (step) => {
        if (!cli.output.isJson) void cli.output.lines(["", STEPS[step]]);
      },
      end: async (tried) => {
        if (cli.output.isJson) await cli.output.event({ event: "tried", ...tried });
        else await cli.output.lines(["", ...summary(tried).map(escapeText)]);
      },
    };
    const tried = await offeringToTakeClient(shown, request, call.display.form, (asked) =>
      tryLogin(services, asked, ui, watch),
    );
    if (tried.refreshError !== null)
      throw new AuthError("check_failed", `The login works, but not its refresh: ${tried.refreshError}`, {
        hint: `Compare what came after '${STEPS.refresh}' with what the description says of refreshes.`,
      });
  } finally {
    ui.close();
  }
}

const STEPS = { refresh: "Its refresh:", revocation: "Its revocation:" } as const;

function summary(tried: Tried): string[] {
  const { account, scopes, lifetimeSeconds, refreshable, refreshed, revoked, whyNotRevoked } = tried;
  const ended = revoked === true ? "revoked at the provider" : "not revoked";
  const why = whyNotRevoked ?? (revoked === true ? null : "it may live on at the provider");
  const renewal = refreshed === null ? "" : refreshed ? "brought a new token" : "failed";
  const renewed = refreshable ? `yes; a refresh ${renewal}` : `none; another request ${renewal}`;
  return [
    "What was understood:",
    `  account: ${account ?? "unknown"}`,
    `  scopes: ${scopes.length === 0 ? "none told" : scopes.join(" ")}`,
    `  access token: ${lifetimeSeconds === null ? "how long it lives is unknown" : `lives ${lifetimeSeconds} s`}`,
    `  refresh token: ${renewal === "" ? (refreshable ? "yes" : "none") : renewed}`,
    `Nothing was stored. The login was ${ended}${why === null ? "" : `: ${why}`}.`,
  ];
}

/** This command with its consent, for the commands that a login prints. */
function commandOf(provider: string, { replace, yes }: { readonly replace: boolean; readonly yes: boolean }): string[] {
  return ["auth", "provider", "try", provider, ...(replace ? ["--replace"] : []), ...(yes ? ["--yes"] : [])];
}

/** The settings of a file's manifest, or of the provider that is named, as flags. A module's aren't known before it runs. */
async function flagsFor(words: readonly string[], env: Parameters<typeof loginFlags>[1]): Promise<Args> {
  const [provider = ""] = words;
  if (!isFileName(provider)) return loginFlags(words, env);
  const { isModule, readPluginFile } = await import("../../providers/plugins/file.ts");
  const { loadManifest } = await import("../../providers/plugins/load.ts");
  const file = await readPluginFile(provider);
  if (isModule(file.kind)) return {};
  return inSession(createCli(env, DEFAULT_GLOBALS, []), async ({ registry }) =>
    loginArgs((await loadManifest(file, registry.get)).definition),
  );
}
