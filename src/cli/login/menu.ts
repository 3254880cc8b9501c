/** `auth login` alone, on a terminal: a menu of providers, and questions for what the choice needs. */
import { type ConnectionRef, checkName, DEFAULT_NAME } from "../../connections/ref.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { escapeText } from "../../platform/escape.ts";
import { type Choice, choose } from "../../platform/menu.ts";
import { askText } from "../../platform/prompt.ts";
import { choosesItsVariable, likelyKeyVariable } from "../../providers/environment.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { acceptSetting } from "../../providers/settings.ts";
import type { Cli } from "../context.ts";
import type { Session } from "../session.ts";
import { untilValid } from "./ask.ts";
import { issuerSetting, type Target, targetAtIssuer, usableDefinitions } from "./target.ts";

/** @param name the connection's name, where `-p` gave one */
export async function chooseTarget(
  cli: Cli,
  session: Session,
  name: string | undefined,
  defaultFor: (provider: string) => Promise<ConnectionRef>,
): Promise<Target> {
  const definitions = await allDefinitions(session);
  const value = await choose("Log in where?", choicesOf(definitions), cli.context.env);
  const definition = definitions.find(({ id }) => id === value);
  if (definition === undefined) throw new AuthError("internal", "The menu gave a choice that it doesn't have.");
  if (issuerSetting(definition) !== null) return issuerOf(cli, session, name);
  if (choosesItsVariable(definition)) return keyOf(cli, definition, name);
  const ref = name === undefined ? await defaultFor(value) : { provider: value, name: checkName(name) };
  return { ref, settings: {} };
}

interface Offered extends ProviderDefinition {
  /** In the catalogue, which has too many to print them all. */
  readonly further: boolean;
}

async function allDefinitions({ registry }: Session): Promise<Offered[]> {
  const offered = await registry.offered();
  const first = new Set(offered.map(({ id }) => id));
  const rest = (await registry.everyId()).filter((id) => !first.has(id));
  const further = await usableDefinitions(registry, rest);
  return [
    ...offered.map((definition) => ({ ...definition, further: false })),
    ...further.map((definition) => ({ ...definition, further: true })),
  ];
}

/** Those for anything come after the first few, before the catalogue. */
function choicesOf(definitions: readonly Offered[]): Choice[] {
  const rank = (one: Offered): number =>
    one.further ? 2 : issuerSetting(one) !== null || choosesItsVariable(one) ? 1 : 0;
  return [...definitions]
    .sort((a, b) => rank(a) - rank(b))
    .map((one) => ({
      value: one.id,
      label: escapeText(one.title),
      hint: hintOf(one),
      names: one.aliases ?? [],
      further: one.further,
    }));
}

function hintOf(definition: ProviderDefinition): string {
  if (issuerSetting(definition) !== null) return "any other issuer, by its URL";
  return choosesItsVariable(definition) ? "a key of any other service" : definition.id;
}

async function issuerOf(cli: Cli, session: Session, name: string | undefined): Promise<Target> {
  return untilValid(cli, async () => {
    const url = await askText("The issuer's URL (https://…)", cli.context.env);
    const whole = /^https?:\/\//i.test(url) ? url : `https://${url}`;
    const target = await targetAtIssuer(session.registry, whole, name);
    await requireIssuer(session, whole);
    return target;
  });
}

/** Checks the address while the person can still correct it. @throws AuthError `usage` */
async function requireIssuer({ context }: Session, issuer: string): Promise<void> {
  const { discover } = await import("../../oauth/discovery.ts");
  try {
    await discover(context.http, issuer);
  } catch (error) {
    throw error instanceof AuthError ? usage(error.message) : error;
  }
}

async function keyOf(cli: Cli, definition: ProviderDefinition, given: string | undefined): Promise<Target> {
  const { env } = cli.context;
  const name =
    given ?? (await untilValid(cli, async () => checkName(await askText("The service, such as openai", env))));
  const settings: Record<string, string> = {};
  for (const [key, setting] of Object.entries(definition.settings ?? {}))
    if (setting.kind === "variable")
      await untilValid(cli, async () => {
        settings[key] = acceptSetting(setting, await askText(setting.title, env, likelyKeyVariable(name)), "That");
      });
  return { ref: { provider: definition.id, name: name ?? DEFAULT_NAME }, settings };
}
