/**
 * Where a contract test runs: the program's own code for logins, refreshes and logouts, a vault in memory, and an
 * issuer that behaves as described instead of the network. Nothing of it touches a disk, an environment or a real provider.
 */

import type { Credential, LoginRequest, LoginUi } from "../connections/login/request.ts";
import { login } from "../connections/login.ts";
import type { Services } from "../connections/services.ts";
import type { Stored } from "../connections/store.ts";
import { type Http, http } from "../platform/http.ts";
import { HttpError } from "../platform/http-failure.ts";
import { LIMITS } from "../platform/limits.ts";
import { Secret } from "../platform/secret.ts";
import { fillDialect } from "../providers/filled.ts";
import { createRegistry } from "../providers/registry.ts";
import { type ResolvedProvider, resolveProvider } from "../providers/resolve.ts";
import type { Flow, ProviderDefinition } from "../providers/schema.ts";
import { Contradiction } from "./bodies.ts";
import { Issuer } from "./issuer.ts";
import { MemoryVault } from "./memory-vault.ts";
import { answerMint } from "./minted.ts";

/** What is checked, and with which settings. */
export interface Subject {
  readonly definition: ProviderDefinition;
  readonly settings: Readonly<Record<string, string>>;
}

export interface Harness extends Subject {
  readonly provider: ResolvedProvider;
  readonly issuer: Issuer;
  readonly services: Services;
  /** Seconds that the program waited between two polls. */
  readonly pauses: number[];
  login(flow: Flow, how?: How): Promise<Stored>;
}

interface How {
  readonly token?: Secret;
  readonly credential?: Credential;
  /** At the provider's page. */
  readonly decision?: "approve" | "deny";
}

/** More polls than any decision takes here. */
const MOST_PAUSES = 20;

/** Characters that break a form or a header which doesn't encode them. */
const SECRET = "s3cret:&+%/=";
const CLIENT = "check client";

/** @throws Contradiction when the issuer found one, else what `run` throws */
export async function withHarness<T>(
  subject: Subject,
  withSecret: boolean,
  run: (harness: Harness) => Promise<T>,
): Promise<T> {
  const { definition, settings } = subject;
  const resolved = resolveProvider(definition, settings);
  const provider = { ...resolved, dialect: fillDialect(resolved.dialect, resolved.settings) };
  const client = { id: CLIENT, secret: withSecret ? SECRET : null };
  const issuer = new Issuer({ provider, client, mint: answerMint });
  const pauses: number[] = [];
  const services: Services = {
    vault: new MemoryVault(),
    registry: createRegistry({ builtIn: { [definition.id]: async () => ({ default: definition }) } }),
    context: {
      env: {},
      get paths(): never {
        throw new Error("a contract test has no home");
      },
      http: throughIssuer(issuer),
      now: Date.now,
      sleep: async (milliseconds) => {
        if (pauses.push(milliseconds / 1000) > MOST_PAUSES) throw new Contradiction("a device login polls for ever");
      },
      debug: () => {},
      audit: async () => {},
      warn: () => {},
    },
  };
  const harness: Harness = {
    ...subject,
    provider,
    issuer,
    services,
    pauses,
    login: (flow, how = {}) => login(services, requestFor(subject, flow, withSecret, how), visitor(issuer, how)),
  };
  try {
    const outcome = await run(harness);
    refuseContradictions(issuer);
    return outcome;
  } catch (error) {
    // What the program made of it is only what followed.
    refuseContradictions(issuer);
    throw error;
  } finally {
    await issuer.stop();
  }
}

function refuseContradictions({ found }: Issuer): void {
  if (found.length > 0) throw new Contradiction(found.join("; "));
}

function throughIssuer(issuer: Issuer): Http {
  return (request) => http({ ...request, url: issuer.local(request.url) });
}

function requestFor({ definition, settings }: Subject, flow: Flow, withSecret: boolean, how: How): LoginRequest {
  return {
    ref: { provider: definition.id, name: "check" },
    flow,
    scopes: null,
    clientId: CLIENT,
    clientSecret: withSecret ? new Secret(SECRET) : null,
    settings,
    issuer: null,
    endpoints: {},
    token: how.token ?? null,
    verify: true,
    force: true,
    timeout: null,
    // Whichever is free, also where the provider wants the one that is registered.
    port: 0,
    redirectUri: null,
    canOpenBrowser: true,
    ...(how.credential && { credential: how.credential }),
  };
}

/** The person, and the browser. */
function visitor(issuer: Issuer, { decision }: How): LoginUi {
  return {
    deviceCode: () => {},
    authorize: async (url, redirectUri) => {
      const location = issuer.visit(url, redirectUri, decision);
      // Where nobody on this machine listens, a person copies the address.
      if (redirectUri.startsWith("https:")) return { pasted: async () => location };
      void knock(location);
      return {};
    },
    warn: () => {},
    askToken: async () => null,
  };
}

/** As a browser does: to the loopback listener, then to the page that it is sent on to. */
async function knock(location: string): Promise<void> {
  const { origin, pathname } = new URL(location);
  for (const url of [location, `${origin}${pathname === "/done" ? "/finished" : "/done"}`])
    try {
      await http({ method: "GET", url, timeout: LIMITS.account });
    } catch (error) {
      // Being sent on is what is expected; whether the login worked, the login says.
      if (!(error instanceof HttpError)) throw error;
    }
}
