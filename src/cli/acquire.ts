/** A token from wherever the selected one is: what `token`, `get`, `run` and `export` have in common. */
import { type AccessOptions, access } from "../connections/access.ts";
import { display } from "../connections/ref.ts";
import type { Selected } from "../connections/select.ts";
import { notFound, type Stored } from "../connections/store.ts";
import { AuthError } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import { type Session, servicesFor } from "./session.ts";

export interface Acquired {
  readonly provider: string;
  /** As it is shown: `github:work`, or the provider for a token from the environment. */
  readonly connection: string;
  readonly token: Secret;
  /** Its settings: host, tenant. */
  readonly settings: Readonly<Record<string, string>>;
  /** null for a token from the environment. */
  readonly stored: Stored | null;
  readonly warning: string | null;
}

/**
 * @param minTtl milliseconds
 * @param rejected the token that an API just refused
 * @param resource the API that the token is to be for; null: the login's own
 * @param withHost see `AccessOptions`
 */
export async function acquire(
  session: Session,
  selected: Selected,
  minTtl = 0,
  rejected?: Secret,
  resource: string | null = null,
  withHost = false,
): Promise<Acquired> {
  if (selected.source === "vault")
    return fromVault(session, selected, { minTtl, withHost, ...(rejected && { rejected }) }, resource);
  if (resource !== null) throw environmentTokenIsForOne(selected.token.variable);
  if (rejected?.equals(selected.token.token)) throw environmentTokenRefused(selected.token.variable);
  const { provider, token } = selected;
  return { provider, connection: provider, token: token.token, settings: token.settings, stored: null, warning: null };
}

type FromVault = Extract<Selected, { source: "vault" }>;

async function fromVault(
  session: Session,
  { ref, mustAgree }: FromVault,
  options: Omit<AccessOptions, "mustAgree">,
  resource: string | null,
): Promise<Acquired> {
  const services = await servicesFor(session, ref);
  const request = { ...options, mustAgree };
  const { stored, warning } =
    resource === null
      ? await access(services, ref, request)
      : await (await import("../connections/resource-access.ts")).accessTo(services, ref, resource, request);
  return acquiredFrom(stored, warning);
}

/** @throws AuthError `connection_not_found` where there is no token */
export function acquiredFrom(stored: Stored, warning: string | null): Acquired {
  const { ref, record } = stored;
  if (record.tokens === null) throw notFound(ref);
  const { accessToken: token } = record.tokens;
  return { provider: ref.provider, connection: display(ref), token, settings: record.settings, stored, warning };
}

function environmentTokenRefused(variable: string): AuthError {
  return new AuthError("token_refused", `The API refused the token in ${variable}.`, {
    hint: `Nothing refreshes a token in the environment: put a new one into ${variable}, or unset it.`,
  });
}

function environmentTokenIsForOne(variable: string): AuthError {
  return new AuthError("env_token", `The token in ${variable} can't be exchanged for another resource.`, {
    hint: `Name a connection in the vault, or unset ${variable}.`,
  });
}
