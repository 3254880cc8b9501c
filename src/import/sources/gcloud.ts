/**
 * Google's application default credentials, as `gcloud auth application-default login` writes them: a login
 * (`authorized_user`), or a service account's key.
 *
 * https://cloud.google.com/docs/authentication/application-default-credentials
 */
import { textAt } from "../../platform/json.ts";
import { absolutePath } from "../../platform/paths.ts";
import { configFolder, inFolder } from "../../platform/places.ts";
import { Secret } from "../../platform/secret.ts";
import type { ForeignFile } from "../file.ts";
import { jsonOf } from "../json-text.ts";
import { unknownForm } from "../refused.ts";
import { type Found, type ImportSource, textPlaces } from "../source.ts";

const FILE = "application_default_credentials.json";

export const gcloud: ImportSource = {
  id: "gcloud",
  title: "gcloud",
  otherNames: ["google", "adc"],
  places: (where) => {
    const { env, platform, folder } = where;
    const named = env.GOOGLE_APPLICATION_CREDENTIALS;
    const usual = [
      ...(named ? [absolutePath(named, platform, folder)] : []),
      ...inFolder(where, "CLOUDSDK_CONFIG", configFolder(where, "gcloud"), FILE),
    ];
    return textPlaces(where, [...new Set(usual)], readText);
  },
};

function readText(file: ForeignFile): Found[] {
  const json = jsonOf(file, "gcloud");
  const type = textAt(json, "type");
  const target = { by: "provider", provider: "google" } as const;
  const removal = { from: "text", edit: (text: string) => (text === file.text ? null : text) } as const;
  const keyFile = new Secret(file.text);
  if (type === "service_account") {
    const account = textAt(json, "client_email");
    return [{ account, target, credential: { kind: "key file", keyFile }, removal }];
  }
  if (type !== "authorized_user")
    return [{ account: null, target, credential: null, stays: staysBecause(type), removal }];
  const refreshToken = textAt(json, "refresh_token");
  const clientId = textAt(json, "client_id");
  const secret = textAt(json, "client_secret");
  if (refreshToken === null || clientId === null || secret === null)
    throw unknownForm(file.path, "gcloud", "it has no refresh_token, client_id or client_secret");
  const credential = {
    kind: "login",
    refreshToken: new Secret(refreshToken),
    clientId,
    clientSecret: new Secret(secret),
    flow: "browser",
    keyFile,
  } as const;
  return [{ account: textAt(json, "account"), target: { ...target, place: "adc" }, credential, removal }];
}

function staysBecause(type: string | null): string {
  if (type === "external_account") return "it holds no login: it says where another issuer's token is";
  if (type === "impersonated_service_account") return "it acts for a service account by another login";
  return "its type isn't known here";
}
