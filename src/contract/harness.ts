/**
 * Where a contract test runs: the program's own code for logins, refreshes and logouts, a vault in memory, and an
 * issuer that behaves as described instead of the network. It uses no disk, no environment and no real provider.
 */
import type { Credential, LoginRequest, LoginUi } from "../connections/login/request.ts";
import { login } from "../connections/login.ts";
import { type Outcome, tokenOf } from "../connections/outcome.ts";
import { refreshConnection } from "../connections/refresh.ts";
import type { Services } from "../connections/services.ts";
import type { Stored } from "../connections/store.ts";
import { type HttpRequest, http } from "../platform/http.ts";
import { HttpError } from "../platform/http-failure.ts";
import { LIMITS } from "../platform/limits.ts";
import { Secret } from "../platform/secret.ts";
import { createRegistry } from "../providers/registry.ts";
import { type ResolvedProvider, resolveProvider } from "../providers/resolve.ts";
import type { Flow } from "../providers/schema.ts";
import { MemoryVault } from "../vault/memory.ts";
import { type CheckCase, insist, Mismatch, type Subject } from "./check.ts";
import { CLIENT_CERTIFICATE } from "./client-certificate.ts";
import { clientKey } from "./client-key.ts";
import { Issuer } from "./issuer.ts";
import { CERTIFICATE_HEADER, type TestClient } from "./request.ts";
import { sampleCompanions } from "./sample.ts";

export interface Harness extends Subject {
  readonly provider: ResolvedProvider;
  readonly issuer: Issuer;
  readonly services: Services;
  /** Seconds that the program waited between two polls. */
  readonly pauses: number[];
  login(flow: Flow, options?: LoginOptions): Promise<Stored>;
  /** By the engine's own code, without waiting. */
  tryRefresh(stored: Stored): Promise<Outcome>;
  /** As `tryRefresh`. @throws AuthError where it fails */
  refresh(stored: Stored): Promise<Stored>;
  /** Whether the login's access token works at the issuer. */
  isLive(stored: Stored): boolean;
}

interface LoginOptions {
  readonly token?: Secret;
  readonly credential?: Credential;
  /** At the provider's page. */
  readonly decision?: "approve" | "deny";
}

/** More polls than any case needs. */
const MOST_PAUSES = 20;

/** Characters that break forms and headers unless encoded. */
const SECRET = "s3cret:&+%/=";
const CLIENT = "check client";

/**
 * A case that runs at an issuer of its own.
 * @param proof whether the client has a secret, by default wherever it may have one; or what it has instead
 */
export function atIssuer(run: (harness: Harness) => Promise<string>, proof?: Proof): CheckCase["run"] {
  return (subject) => withHarness(subject, run, proof);
}

type Proof = boolean | "key" | "certificate";

/** @throws Mismatch where a request contradicted the description, else what `run` throws */
export async function withHarness<T>(
  subject: Subject,
  run: (harness: Harness) => Promise<T>,
  proof: Proof = subject.definition.client?.kind !== "public",
): Promise<T> {
  const provider = resolveProvider(subject.definition, subject.settings);
  const withSecret = proof === true;
  const { credential, known } = instead(proof);
  const issuer = new Issuer(provider, { id: CLIENT, secret: withSecret ? SECRET : null, ...known });
  const pauses: number[] = [];
  const services = servicesAt(issuer, pauses);
  const tryRefresh = ({ ref }: Stored): Promise<Outcome> =>
    refreshConnection(services, ref, { minTtl: 0, force: true, rejected: null, mustAgree: false });
  const harness: Harness = {
    ...subject,
    provider,
    issuer,
    services,
    pauses,
    login: (flow, options = {}) => {
      const begin = { ...subject, settings: { ...issuer.place.begin(), ...subject.settings } };
      const request = loginRequest(begin, flow, withSecret, { credential, ...options });
      return login(services, request, personAt(issuer, options));
    },
    tryRefresh,
    refresh: async (stored) => {
      const outcome = await tryRefresh(stored);
      if (outcome.kind === "failed") throw outcome.error;
      return outcome.stored;
    },
    isLive: (stored) => issuer.grants.isLive(tokenOf(stored).reveal()),
  };
  try {
    return await run(harness);
  } finally {
    await issuer.stop();
    // The program's own error is then only a consequence.
    insist(issuer.found.length === 0, issuer.found.join("; "));
  }
}

/** A client's credentials instead of a secret, and the issuer's copy. */
function instead(proof: Proof): { readonly credential: Credential; readonly known: Partial<TestClient> } {
  if (proof === "key") {
    const { privateKey, publicKey } = clientKey();
    return { credential: { key: new Secret(privateKey) }, known: { key: publicKey } };
  }
  if (proof !== "certificate") return { credential: {}, known: {} };
  const { file, base64 } = CLIENT_CERTIFICATE;
  return { credential: { certificate: new Secret(file) }, known: { certificate: base64 } };
}

/** The header that a TLS-terminating proxy adds, since the issuer speaks plain HTTP here (RFC 9440). */
function shown({ certificate }: HttpRequest): Record<string, string> {
  const [, base64 = ""] = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(certificate?.pem ?? "") ?? [];
  return certificate === undefined ? {} : { [CERTIFICATE_HEADER]: `:${base64.replace(/\s/g, "")}:` };
}

function servicesAt(issuer: Issuer, pauses: number[]): Services {
  const { definition } = issuer.provider;
  return {
    vault: new MemoryVault(),
    registry: createRegistry({ builtIn: { [definition.id]: async () => ({ default: definition }) } }),
    context: {
      env: {},
      get paths(): never {
        throw new Error("a contract test has no home");
      },
      http: (request) =>
        http({ ...request, url: issuer.local(request.url), headers: { ...request.headers, ...shown(request) } }),
      now: Date.now,
      sleep: async (milliseconds) => {
        if (pauses.push(milliseconds / 1000) > MOST_PAUSES) throw new Mismatch("a device login polls for ever");
      },
      debug: () => {},
      audit: async () => {},
      warn: () => {},
    },
  };
}

function loginRequest(
  { definition, settings }: Subject,
  flow: Flow,
  withSecret: boolean,
  { token, credential }: LoginOptions,
): LoginRequest {
  return {
    ref: { provider: definition.id, name: "check" },
    flow,
    scopes: null,
    clientId: CLIENT,
    clientSecret: withSecret ? new Secret(SECRET) : null,
    settings,
    issuer: null,
    endpoints: {},
    token: token ?? null,
    verify: true,
    force: true,
    timeout: null,
    // Any free port, also where the provider wants the one that is registered.
    port: 0,
    redirectUri: null,
    canOpenBrowser: true,
    companions: sampleCompanions(definition),
    ...(credential && { credential }),
  };
}

/** The person, and the browser. */
function personAt(issuer: Issuer, { decision }: LoginOptions): LoginUi {
  return {
    deviceCode: () => {},
    authorize: async (url, redirectUri) => {
      const location = issuer.visit(url, redirectUri, decision);
      // Without a listener on this machine, a person copies the address.
      if (redirectUri.startsWith("https:")) return { pasted: async () => location };
      void callBack(location);
      return {};
    },
    warn: () => {},
    askToken: async () => null,
  };
}

/** Like a browser: calls the loopback listener, then the page to which that redirects. */
async function callBack(location: string): Promise<void> {
  const { origin, pathname } = new URL(location);
  for (const url of [location, `${origin}${pathname === "/done" ? "/finished" : "/done"}`])
    try {
      await http({ method: "GET", url, timeout: LIMITS.account });
    } catch (error) {
      // `http` treats the expected redirect as an error; the login itself reports whether it worked.
      if (!(error instanceof HttpError)) throw error;
    }
}
