/** The way to a token for one API, by the refresh token of a login that is for others (`auth token --resource`). */
import { AuthError, type ErrorCode, usage } from "../platform/errors.ts";
import { shellWord } from "../platform/shell-word.ts";
import { withDefaults } from "../providers/defaults.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { fill } from "../providers/template.ts";
import { type Access, type AccessOptions, access } from "./access.ts";
import { furtherLogin } from "./login/command.ts";
import { type ConnectionRef, changedByOthers, connectionError, display, typed } from "./ref.ts";
import { hasNoToken, type ResourceRef } from "./resource.ts";
import type { Services } from "./services.ts";
import { requireConnection, type Stored } from "./store.ts";

/** A new login at the same moment has no token for the resource yet: then it is tried again. */
const TRIES = 3;

/**
 * @param resource an absolute URI
 * @throws AuthError as `access` does; `no_refresh_token` where there is nothing to get one with, `login_required` where
 *   the login can't get it
 */
export async function accessTo(
  services: Services,
  ref: ConnectionRef,
  resource: string,
  options: AccessOptions,
): Promise<Access> {
  const stored = await requireConnection(services.vault, ref);
  const { record } = stored;
  if (record.pinned?.resource === resource) return access(services, ref, options);
  const definition = await services.registry.get(ref.provider);
  const as = refOf(definition, stored, resource);
  if (record.tokens !== null && record.tokens.refreshToken === null && record.mint === undefined)
    throw connectionError(
      ref,
      "no_refresh_token",
      `${display(ref)} has no refresh token to get one for ${resource} with.`,
      {
        hint: logInFor(definition, stored, resource),
      },
    );
  try {
    for (let round = 0; round < TRIES; round++) {
      const found = await access(services, ref, { ...options, resource: as });
      const { tokens } = found.stored.record;
      if (tokens !== null && !hasNoToken(tokens)) return found;
    }
  } catch (error) {
    throw error instanceof AuthError ? ofResourceAlone(error, stored, resource) : error;
  }
  throw changedByOthers(ref);
}

/**
 * Only where APIs are named by scopes is each to be had by any login. Elsewhere a refresh may ask for no API that the login
 * didn't name (RFC 8707 §2.2), and asking ends the login at an issuer that takes the refresh token first and looks at the
 * API then, as the certified one in our tests does.
 */
function refOf(definition: ProviderDefinition, { ref, record }: Stored, resource: string): ResourceRef {
  const template = withDefaults(definition).scopes.resource;
  if (template !== undefined) return { resource, scope: fill(template, { resource }) };
  if (definition.issuer === undefined && record.pinned?.issuer == null)
    throw usage(`${definition.title} has no tokens for single resources.`, "Leave --resource out.");
  throw connectionError(ref, "login_required", `${display(ref)} is no login for ${resource}.`, {
    hint: logInFor(definition, { record }, resource),
  });
}

function logInFor(definition: ProviderDefinition, { record }: Pick<Stored, "record">, resource: string): string {
  return `Log in for it: ${furtherLogin(definition, record, { resource })}`;
}

const OF_RESOURCE_ALONE: readonly ErrorCode[] = [
  "refresh_token_invalid",
  "interaction_required",
  "client_rejected",
  "scope_rejected",
];

/** The login itself is none the worse for it. */
function ofResourceAlone(error: AuthError, { ref }: Stored, resource: string): AuthError {
  if (!OF_RESOURCE_ALONE.includes(error.code)) return error;
  const hint = [
    error.hint,
    `This is about ${resource} alone: other tokens of ${display(ref)} are as they were.`,
    `Log in for it: auth login ${typed(ref)} --force --resource ${shellWord(resource)}`,
  ];
  return error.restated({ message: `${error.message} (for ${resource})`, hint: hint.filter(Boolean).join("\n") });
}
