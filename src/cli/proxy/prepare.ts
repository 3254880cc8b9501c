/** Starts a proxy for these tokens, and makes the environment of a program that uses it. */
import { select } from "../../connections/select.ts";
import { secretFinder } from "../../inject/mask/masker.ts";
import { fillTemplate } from "../../inject/template.ts";
import { openTokenFiles } from "../../inject/token-files.ts";
import type { Injection } from "../../inject/variables.ts";
import { AuthError, errorCode, usage } from "../../platform/errors.ts";
import { trustedCertificates } from "../../platform/http-server.ts";
import type { Secret } from "../../platform/secret.ts";
import { createIdentity } from "../../proxy/authority.ts";
import { proxyVariables } from "../../proxy/environment.ts";
import { javaTrustStore } from "../../proxy/java-trust.ts";
import { openJournal } from "../../proxy/journal.ts";
import { placeholderFor } from "../../proxy/placeholder.ts";
import { parseRules } from "../../proxy/rules.ts";
import { type RunningProxy, startProxy } from "../../proxy/server.ts";
import type { StandIn } from "../../proxy/stand-ins.ts";
import type { Cli } from "../context.ts";
import type { Session } from "../session.ts";
import { type Proxied, proxied } from "./apis.ts";

export interface ProxySettings {
  readonly rules: Parameters<typeof parseRules>[0];
  readonly strict: boolean;
  /** Origins that the call adds to the one connection. */
  readonly also: readonly string[];
  /** 0: any free one. */
  readonly port: number;
  /** The program that uses it, where known. */
  readonly program: string | null;
}

/** The variables by which a program's libraries find an API's address at the proxy. They hold the secret. */
export function baseUrls({ api, baseUrl }: Proxied, proxy: RunningProxy): Record<string, string> {
  return Object.fromEntries(Object.entries(baseUrl).map(([name, path]) => [name, `${proxy.addressOf(api)}${path}`]));
}

export interface Prepared {
  readonly all: readonly Proxied[];
  readonly proxy: RunningProxy;
  /** The same as were given, with placeholders for the secrets in them. */
  readonly injections: readonly Injection[];
  /** How a program gets to the proxy, and what it is to trust. */
  readonly variables: Readonly<Record<string, string>>;
  /** Whether one of the secrets is in a text, encoded or not. */
  readonly hasSecret: (text: string) => boolean;
  /** Resolves once the log of requests is written. */
  close(): Promise<void>;
}

export async function prepareProxy(
  cli: Cli,
  session: Session,
  injections: readonly Injection[],
  settings: ProxySettings,
): Promise<Prepared> {
  const { also, strict, port, program } = settings;
  const { paths, now, env } = cli.context;
  const rules = parseRules(settings.rules);
  const byConnection = new Map(injections.map((injection) => [injection.connection, injection]));
  if (also.length > 0 && byConnection.size > 1)
    throw usage(
      "--origin is for one connection, and there are several.",
      "Name the one: auth proxy <connection> --origin <url>",
    );
  const all: Proxied[] = [];
  for (const { connection, stored } of byConnection.values())
    all.push(await proxied(session, await select(session, { argument: connection, profile: undefined, stored }), also));
  const apis = all.map(({ api }) => api);
  const origins = apis.flatMap((api) => api.origins.map((origin) => new URL(origin)));
  const hosts = [...new Set(origins.filter(({ protocol }) => protocol === "https:").map(({ hostname }) => hostname))];
  const identity = await createIdentity(hosts, now());
  const standIns: StandIn[] = [];
  const handed = injections.map((injection) => {
    const api = apis.find(({ connection }) => connection === injection.connection);
    if (api === undefined) throw new AuthError("internal", `${injection.connection} isn't proxied.`);
    return withStandIns(injection, api, standIns, now());
  });
  const files = openTokenFiles(paths.runtime);
  try {
    const trusted = [...trustedCertificates(), identity.authority];
    files.write(BUNDLE, trusted.map((pem) => `${pem.trim()}\n`).join(""));
    files.write(JAVA_BUNDLE, javaTrustStore(trusted));
    const journal = openJournal(paths.requests, { program, pid: process.pid }, complainOnce(cli));
    const proxy = await started({ apis, standIns, identity, strict, rules, journal, port });
    const hasSecret = secretFinder(injections.flatMap(({ token, beside = [] }) => [token, ...beside]));
    // Some continue the caller's values.
    const variables = proxyVariables(without(env, hasSecret), {
      address: `http://auth:${proxy.secret.reveal()}@127.0.0.1:${proxy.port}`,
      bundle: files.pathOf(BUNDLE),
      javaBundle: files.pathOf(JAVA_BUNDLE),
      origins,
      strict,
    });
    return {
      all,
      proxy,
      injections: handed,
      variables,
      hasSecret,
      async close() {
        proxy.close();
        files.remove();
        // Requests that this cuts off are logged when their connections end.
        await new Promise((resolve) => setImmediate(resolve));
        await journal.flush();
      },
    };
  } catch (error) {
    files.remove();
    throw error;
  }
}

/** The variables without those that hold one of the secrets: the program must not have them. */
export function without<T extends string | undefined>(
  variables: Readonly<Record<string, T>>,
  hasSecret: (text: string) => boolean,
): Record<string, T> {
  const kept = Object.entries(variables).filter(([, value]) => value === undefined || !hasSecret(value));
  return Object.fromEntries(kept);
}

const BUNDLE = "certificates.pem";
const JAVA_BUNDLE = "certificates.p12";

/** One placeholder for a connection's token, wherever it is; one for each secret beside it. */
function withStandIns(injection: Injection, api: StandIn["api"], standIns: StandIn[], now: number): Injection {
  const standInFor = (secret: Secret, fixed: Secret | null): Secret => {
    const there = standIns.find(
      (one) => one.api === api && (fixed === null ? one.fixed === null : one.fixed?.equals(fixed)),
    );
    if (there !== undefined) return there.placeholder;
    const placeholder = placeholderFor(secret, now);
    standIns.push({ api, placeholder, fixed });
    return placeholder;
  };
  const token = standInFor(injection.token, null);
  const beside = (injection.beside ?? []).map((secret) => [secret, standInFor(secret, secret)] as const);
  const variables = Object.entries(injection.variables).map(([name, value]) => {
    const template = injection.templates[name];
    if (template !== undefined) return [name, fillTemplate(template, token)];
    return [name, beside.find(([secret]) => secret.reveal() === value)?.[1].reveal() ?? value];
  });
  return {
    ...injection,
    token,
    variables: Object.fromEntries(variables),
    beside: beside.map(([, placeholder]) => placeholder),
  };
}

async function started(options: Parameters<typeof startProxy>[0]): Promise<RunningProxy> {
  try {
    return await startProxy(options);
  } catch (error) {
    if (errorCode(error) !== "EADDRINUSE") throw error;
    throw usage(`Port ${options.port} is in use.`, "Leave out --port: any free one is taken.");
  }
}

function complainOnce(cli: Cli): (why: string) => void {
  let complained = false;
  return (why) => {
    if (!complained) cli.output.warn(`The log of requests can't be written: ${why}.`);
    complained = true;
  };
}
