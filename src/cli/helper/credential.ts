/** The credential for a client: the token, its expiry minus the client's margin, a user name, and headers. */
import { requireFor } from "../../connections/by-origin.ts";
import type { Selected } from "../../connections/select.ts";
import type { Credential, Place } from "../../inject/helpers/protocol.ts";
import { AuthError } from "../../platform/errors.ts";
import type { Secret } from "../../platform/secret.ts";
import { originOf } from "../../platform/url.ts";
import { fill } from "../../providers/template.ts";
import type { Acquired } from "../acquire.ts";
import type { Session } from "../session.ts";

/** Without a described name any name works; most documentation has this one. */
const ANY_NAME = "oauth2";

export interface Reach {
  readonly selected: Selected;
  /** Origins that the call adds. */
  readonly origins: readonly string[];
}

/** @param margin seconds */
export async function credentialOf(
  session: Session,
  acquired: Acquired,
  place: Place | null,
  margin: number,
  { selected, origins }: Reach,
): Promise<Credential> {
  const record = acquired.stored?.record ?? null;
  const expiresAt = record?.tokens?.expiresAt ?? null;
  const { now } = session.context;
  return {
    token: printable(acquired.token),
    userName: await userNameOf(session, acquired, place),
    // A token that lives shorter than the margin is valid for half of its remaining time.
    expiresAt: expiresAt === null ? null : Math.max(expiresAt - margin * 1000, (expiresAt + now()) / 2),
    now: now(),
    isPasted: record === null || record.kind !== "oauth",
    settings: acquired.settings,
    organization: record?.account?.organization ?? null,
    origins,
    send: async (request) => {
      const origin = originOf(request.url);
      if (!origins.includes(origin)) await requireFor(session, selected, origin);
      const { status, body } = await session.context.http({ ...request, retry: request.method === "GET" });
      return { status, text: new TextDecoder().decode(body) };
    },
    headers: async () => {
      const { headersOf } = await import("../headers.ts");
      return (await headersOf(session, acquired)).map(([name, value]) => ({ name, value }));
    },
  };
}

async function userNameOf({ registry }: Session, acquired: Acquired, place: Place | null): Promise<string> {
  const tokenUser = await tokenUserOf(registry, acquired.provider);
  const described = tokenUser === undefined ? null : fill(tokenUser, acquired.settings);
  const label = acquired.stored?.record.account?.label;
  const name = described ?? place?.user ?? (label != null && /^[\w.@+-]+$/.test(label) ? label : ANY_NAME);
  // In Basic credentials a colon ends the name (RFC 7617 §2).
  return /^[\x21-\x39\x3b-\x7e]+$/.test(name) ? name : ANY_NAME;
}

/** A template. A plugin that can't be used any more doesn't keep a valid token from being used. */
async function tokenUserOf(registry: Session["registry"], provider: string): Promise<string | undefined> {
  try {
    const { tokenUser, basic = "" } = await registry.get(provider);
    return tokenUser ?? /^([^:]+):\{token\}$/.exec(basic)?.[1];
  } catch (error) {
    if (error instanceof AuthError && /^(plugin|provider)_/.test(error.code)) return undefined;
    throw error;
  }
}

/** Requires printable characters: a line end would begin another line of the protocol. @throws AuthError `token_rejected` */
function printable(token: Secret): Secret {
  if (/^[\x20-\x7e]+$/.test(token.reveal())) return token;
  throw new AuthError("token_rejected", "This token has characters that no request can carry.");
}
