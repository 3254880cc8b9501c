/** The connections that use the proxy: where their tokens may go, and how to get one for each request. */
import { isFor } from "../../connections/by-origin.ts";
import { resolveStored } from "../../connections/pin.ts";
import type { Selected } from "../../connections/select.ts";
import type { Stored } from "../../connections/store.ts";
import { AuthError } from "../../platform/errors.ts";
import { originOf } from "../../platform/url.ts";
import { type ResolvedProvider, resolveProvider } from "../../providers/resolve.ts";
import type { Api, Credential } from "../../proxy/api.ts";
import { sameVersion } from "../../vault/types.ts";
import type { Acquired } from "../acquire.ts";
import { headersOf } from "../headers.ts";
import { type LiveAcquired, liveAcquired } from "../live-acquired.ts";
import type { Session } from "../session.ts";

/** One of them, with the token that it has now. */
export interface Proxied {
  readonly api: Api;
  readonly acquired: Acquired;
  /** Variables that give a program another address of the API, and the path after it. */
  readonly baseUrl: Readonly<Record<string, string>>;
}

/** @param also origins that the call adds @throws AuthError where there is no token, or none that can be sent so */
export async function proxied(session: Session, selected: Selected, also: readonly string[]): Promise<Proxied> {
  const source = await liveAcquired(session, selected, 0);
  const acquired = await source.get();
  const { provider, connection, settings, stored } = acquired;
  if (stored?.record.tokens?.tokenType.toLowerCase() === "dpop")
    throw new AuthError("token_rejected", `The token of ${connection} is bound to a key (DPoP).`, {
      hint: "A proof would have to be made for each request, which the proxy doesn't do.",
    });
  const described = await describedBy(session, provider, settings);
  const origins = await originsFor(session, acquired, described, also);
  if (origins.length === 0)
    throw new AuthError("origin_mismatch", `Nothing says where the token of ${connection} may go.`, {
      hint: "Name its API: --origin https://api.example",
    });
  return {
    acquired,
    baseUrl: described?.environment.baseUrl ?? {},
    api: {
      connection,
      origins,
      headerNames: ["authorization", ...(await headersOf(session, acquired)).map(([name]) => name.toLowerCase())],
      endpoints: endpointsOf(acquired, described),
      ...credentials(session, source),
    },
  };
}

/** null: a plugin that is gone, or settings that it no longer takes. */
async function describedBy(
  { registry }: Session,
  provider: string,
  settings: Acquired["settings"],
): Promise<ResolvedProvider | null> {
  try {
    return resolveStored(await registry.get(provider), settings);
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

/** The API's own first: whom an account is asked for, else what the description or the login names. */
async function originsFor(
  session: Session,
  { stored, provider, settings }: Acquired,
  described: ResolvedProvider | null,
  also: readonly string[],
): Promise<string[]> {
  const pinned = stored?.record.pinned ?? null;
  const account = pinned?.endpoints.userinfo ?? described?.endpoints.userinfo;
  const first = [pinned?.resource, account].flatMap((url) => (url === undefined ? [] : [originOf(url)]));
  const named = stored === null ? resolveProvider(await session.registry.get(provider), settings).origins : [];
  const wanted = [
    ...first,
    ...(described?.apiOrigins ?? []),
    ...(pinned?.origins ?? []),
    ...(described?.origins ?? []),
  ];
  const found: string[] = [];
  for (const origin of wanted)
    if (!found.includes(origin) && (stored === null ? named.includes(origin) : await isFor(session, stored, origin)))
      found.push(origin);
  return [...new Set([...found, ...also])];
}

/** Without endpoints that only describe a token or an account. */
const HARMLESS = ["userinfo", "introspection"];

function endpointsOf({ stored }: Acquired, described: ResolvedProvider | null): string[] {
  const all: Readonly<Record<string, string | undefined>> = {
    ...described?.endpoints,
    ...stored?.record.pinned?.endpoints,
  };
  return Object.entries(all).flatMap(([name, url]) => {
    if (url === undefined || HARMLESS.includes(name)) return [];
    return [`${originOf(url)}${new URL(url).pathname}`];
  });
}

/** Milliseconds: requests within this time read the vault once. */
const SAME_LOOK_MS = 5;

function credentials(session: Session, source: LiveAcquired): Pick<Api, "credential" | "renewed"> {
  let made: { readonly stored: Stored | null; readonly credential: Credential } | null = null;
  const credentialOf = async (acquired: Acquired): Promise<Credential> => {
    const { stored, token } = acquired;
    // The record says all that the headers are made of.
    if (
      made !== null &&
      sameVersion(made.stored?.version ?? null, stored?.version ?? null) &&
      made.credential.token.equals(token)
    )
      return made.credential;
    const headers = await headersOf(session, acquired);
    const credential = { token, headers, secrets: [token, ...Object.values(stored?.record.companions ?? {})] };
    made = { stored, credential };
    return credential;
  };
  let looking: { readonly at: number; readonly credential: Promise<Credential> } | null = null;
  return {
    credential() {
      const at = performance.now();
      // A login could also end while the request is being sent.
      if (looking !== null && at - looking.at < SAME_LOOK_MS) return looking.credential;
      const credential = source.get().then(credentialOf);
      looking = { at, credential };
      return credential;
    },
    renewed: async (refused) => {
      const acquired = await source.rejected(refused.token);
      looking = null;
      return acquired.token.equals(refused.token) ? null : credentialOf(acquired);
    },
  };
}
