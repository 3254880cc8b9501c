/**
 * az, Azure's command line: the cache of MSAL for Python, `msal_token_cache.json`. On Windows, and where
 * `core.encrypt_token_cache` is set, it is encrypted for its program.
 *
 * https://github.com/AzureAD/microsoft-authentication-library-for-python/blob/dev/msal/token_cache.py
 */
import { asObject, type Json, ownValue, textAt } from "../../platform/json.ts";
import { inFolder, inHome, joined } from "../../platform/places.ts";
import { Secret } from "../../platform/secret.ts";
import type { ForeignFile } from "../file.ts";
import { entriesOf, jsonOf, numberAt, withoutInJson } from "../json-text.ts";
import { refused, unknownForm } from "../refused.ts";
import type { Found, ImportSource } from "../source.ts";

const TITLE = "az";

export const az: ImportSource = {
  id: "az",
  title: TITLE,
  otherNames: ["azure", "azure-cli", "entra"],
  places: (where) => {
    if (where.file !== null) return [{ path: where.file, readText }];
    const folders = inFolder(where, "AZURE_CONFIG_DIR", inHome(where, ".azure"));
    return folders.flatMap((folder) => [
      { path: joined(where, folder, "msal_token_cache.json"), readText },
      { path: joined(where, folder, "msal_token_cache.bin"), readText: refuseEncrypted },
    ]);
  },
};

function refuseEncrypted({ path }: ForeignFile): never {
  throw refused(`${path} is encrypted for az alone.`, "Log in here instead: auth login entra");
}

function readText(file: ForeignFile): Found[] {
  const json = jsonOf(file, TITLE);
  const read = (name: string): [string, Json][] => entriesOf(json[name], file.path, TITLE, name);
  const accounts = read("Account");
  const access = read("AccessToken");
  return read("RefreshToken").map(([key, token]) => {
    const [secret, clientId, id] = ["secret", "client_id", "home_account_id"].map((name) => textAt(token, name));
    if (secret == null || clientId == null || id == null)
      throw unknownForm(file.path, TITLE, "a refresh token has no secret, client_id or home_account_id");
    const account = accounts.find(([, { home_account_id }]) => home_account_id === id)?.[1];
    // An account's id ends with its home tenant.
    const tenant = textAt(account, "realm") ?? id.split(".")[1] ?? "organizations";
    const mine = access.filter(
      ([, held]) => held.home_account_id === id && held.client_id === clientId && held.realm === tenant,
    );
    const newest = mine.map(([, held]) => held).sort((a, b) => expiryOf(b) - expiryOf(a))[0];
    const token_ = textAt(newest, "secret");
    const target = newest ?? token;
    return {
      account: textAt(account, "username"),
      target: { by: "provider", provider: "entra", settings: { tenant } },
      credential: {
        kind: "login",
        refreshToken: new Secret(secret),
        clientId,
        flow: "browser",
        scopes: (textAt(target, "target") ?? "").split(" ").filter(Boolean),
        ...(token_ !== null && { accessToken: new Secret(token_), expiresAt: expiryOf(newest) }),
      },
      removal: {
        from: "text",
        lock: `${file.path}.lockfile`,
        edit: (text) =>
          withoutLogin(
            text,
            key,
            secret,
            mine.map(([name]) => name),
          ),
      },
    } satisfies Found;
  });
}

function expiryOf(token: Json | undefined): number {
  return (token === undefined ? 0 : (numberAt(token, "expires_on") ?? 0)) * 1000;
}

/** Keeps the account, so that az knows who has to log in. */
function withoutLogin(text: string, key: string, secret: string, access: readonly string[]): string | null {
  return withoutInJson(text, (json) => {
    const [held, tokens] = [asObject(json.RefreshToken), asObject(json.AccessToken)] as Record<string, Json>[];
    if (held == null || ownValue(held, key)?.secret !== secret) return false;
    delete held[key];
    for (const name of access) delete tokens?.[name];
    return true;
  });
}
