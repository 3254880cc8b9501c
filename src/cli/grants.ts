/** Which tokens `run` and `export` hand over, under which names. */
import { parseSelector } from "../connections/ref.ts";
import { listConnections } from "../connections/store.ts";
import { checkVariable, declaredVariables, type Grant } from "../inject/variables.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { type Acquired, acquire } from "./acquire.ts";
import type { Args } from "./command.ts";
import type { Cli } from "./context.ts";
import { environmentTokens, ignoresEnvironment, select } from "./select.ts";
import type { Session } from "./session.ts";

export const GRANTS = {
  connections: {
    type: "positional",
    required: false,
    variadic: true,
    description: "Connections whose tokens to hand over; without any, every provider's default",
  },
  connection: {
    type: "string",
    alias: "c",
    valueHint: "connection=VAR",
    repeatable: true,
    description: "A connection's token under this name alone; may be repeated",
  },
} as const satisfies Args;

export interface GrantRequest {
  readonly connections: readonly string[];
  /** `connection=VAR` */
  readonly named: readonly string[];
  /** Milliseconds. */
  readonly minTtl: number;
}

/** Connections that were named must all yield a token; of the rest, those that can't are left out with a warning. */
export async function grantsFor(cli: Cli, session: Session, request: GrantRequest): Promise<Grant[]> {
  const wanted = [
    ...request.connections.map((selector) => ({ selector, variable: null })),
    ...request.named.map(parseNamed),
  ];
  if (wanted.length === 0) return defaultGrants(cli, session, request.minTtl);
  const grants: Grant[] = [];
  for (const { selector, variable } of wanted) {
    const selected = await select(session, { argument: selector, profile: undefined, stored: false });
    const acquired = await acquire(session, selected, request.minTtl);
    if (acquired.warning !== null) cli.output.warn(acquired.warning);
    grants.push(await grantOf(session, acquired, variable));
  }
  return grants;
}

function parseNamed(text: string): { selector: string; variable: string } {
  const at = text.lastIndexOf("=");
  if (at <= 0)
    throw usage(
      `-c takes connection=VAR, not '${escapeText(text.slice(0, 60))}'.`,
      "For example: -c <provider>:work=WORK_TOKEN",
    );
  const selector = text.slice(0, at);
  parseSelector(selector);
  return { selector, variable: checkVariable(text.slice(at + 1)) };
}

async function defaultGrants(cli: Cli, session: Session, minTtl: number): Promise<Grant[]> {
  const grants: Grant[] = [];
  const providers = await providersWithLogins(session);
  if (providers.length === 0)
    throw new AuthError("connection_not_found", "You are not logged in anywhere.", {
      hint: `Log in: auth login <provider>   (providers: ${(await session.registry.ids()).join(", ")})`,
    });
  for (const provider of providers) {
    try {
      const selected = await select(session, { argument: provider, profile: undefined, stored: false });
      const acquired = await acquire(session, selected, minTtl);
      if (acquired.warning !== null) cli.output.warn(acquired.warning);
      grants.push(await grantOf(session, acquired, null));
    } catch (error) {
      if (!(error instanceof AuthError) || /^(vault|key)_/.test(error.code)) throw error;
      cli.output.warn(`${provider} is left out: ${error.message}`);
    }
  }
  return grants;
}

async function providersWithLogins(session: Session): Promise<string[]> {
  const vault = await session.vault();
  const stored = vault === null ? [] : (await listConnections(vault)).map(({ ref }) => ref.provider);
  const set = ignoresEnvironment(session.context.env)
    ? []
    : (await environmentTokens(session)).map(({ provider }) => provider);
  return (await session.registry.everyId()).filter((id) => stored.includes(id) || set.includes(id));
}

async function grantOf(session: Session, acquired: Acquired, variable: string | null): Promise<Grant> {
  const { connection, token, stored } = acquired;
  const variables =
    variable === null
      ? declaredVariables(await session.registry.get(acquired.provider), acquired.settings, token)
      : { [variable]: token.reveal() };
  return { connection, stored: stored !== null, token, variables };
}
