/**
 * What a description may write into the environment of commands (`environment.write`): a list of allowed forms. Programs
 * use some variables as code, options, a path or an address, so the description's author, or their server, could control
 * them; no list of such variables is complete.
 */
import { ownValue } from "../platform/json.ts";
import { reservedBy, rowOf, steers } from "./reserved.ts";
import type { ProviderDefinition } from "./schema.ts";
import { namesIn } from "./template.ts";

type Settings = NonNullable<ProviderDefinition["settings"]>;

/** Names that hold a token, and nothing else. */
const TOKEN = /^[A-Z][A-Z0-9_]*_(TOKEN|KEY|SECRET|PASSWORD|PAT)$/;

/** Names that may hold a setting that a person gave: several words, so that it is no program's own variable. */
const FACT = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/;

/**
 * Names of the allowed forms that some tool uses otherwise. A star means any text at that end.
 * As a path: TLS keys, signing keys. As code: the aliases of Cargo. As the key by which a program trusts what was
 * signed with it, so that the one who chose the key can sign. As an address: hosts of what isn't the provider.
 */
const TAKEN = [
  ...["*_CLIENT_KEY", "*_TLS_KEY", "*_SSL_KEY", "SSL_KEY", "TLS_KEY", "ETCDCTL_KEY", "COSIGN_KEY", "SIGNING_KEY"],
  ...["CARGO_ALIAS_*"],
  ...["SECRET_KEY", "DJANGO_SECRET_KEY", "FLASK_SECRET_KEY", "APP_KEY", "APP_SECRET", "JWT_SECRET", "SESSION_SECRET"],
  ...["NEXTAUTH_SECRET", "RAILS_MASTER_KEY", "JUPYTER_TOKEN", "*_ENCRYPTION_KEY", "*_FERNET_KEY", "*_SIGNING_KEY"],
  ...["SUPERSET_SECRET_KEY", "COOKIE_SECRET", "*_ADMIN_SECRET"],
  ...["DOCKER_HOST", "CONTAINER_HOST", "BUILDKIT_HOST", "KUBERNETES_SERVICE_HOST", "OLLAMA_HOST", "MYSQL_HOST"],
] as const;

/** Variables of well-known tools that the rules above leave out, with the one value that each may have. */
export const EXCEPTIONS: Readonly<Record<string, { readonly value: string; readonly why: string }>> = {
  DD_SITE: { value: "{site}", why: "the tool's name for the host, which has a default" },
  DATABRICKS_HOST: { value: "https://{host}", why: "the tool wants the host as a URL" },
  GH_HOST: { value: "{host}", why: "the tool's name for the host, which has a default" },
  GITLAB_HOST: { value: "{host}", why: "the tool's name for the host, which has a default" },
  GRAFANA_AUTH: { value: "{token}", why: "the name that its Terraform provider reads the token from" },
  GRAFANA_URL: { value: "https://{host}", why: "the tool wants the host as a URL" },
  NEW_RELIC_REGION: { value: "{region}", why: "two letters at most, so a default does no harm" },
  POETRY_PYPI_TOKEN_PYPI: { value: "{token}", why: "Poetry's form: the repository's name comes last" },
  SENTRY_HOST: { value: "{host}", why: "the tool's name for the host, which has a default" },
  SENTRY_URL: { value: "https://{host}", why: "the tool wants the host as a URL" },
  SF_ORG_INSTANCE_URL: { value: "https://{instance}", why: "the tool wants the host as a URL" },
  SNYK_API: { value: "https://{host}", why: "the tool wants the host as a URL" },
  SONAR_HOST_URL: { value: "https://{host}", why: "the tool wants the host as a URL" },
  TF_TOKEN_app_terraform_io: { value: "{token}", why: "Terraform's form: the host comes last, in lower case" },
  TWINE_USERNAME: { value: "{username}", why: "the index wants the name `__token__` beside every token" },
};

/**
 * Why a description may not write this, in words; null where it may.
 * @param variable its name, or `{setting}` for one that the person names @param value a template
 */
export function writeFault(variable: string, value: string, settings: Settings): string | null {
  const row = reservedBy(variable);
  if (row !== null) return `is reserved: ${row} loads code or redirects traffic`;
  const [setting, ...others] = namesIn(value);
  if (setting === undefined) return "has neither {token} nor a setting in its value";
  const named = /^\{([A-Za-z0-9]+)\}$/.exec(variable)?.[1];
  if (named !== undefined) return personNames(named, value, settings);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) return "is not the name of a variable";
  if (Object.hasOwn(EXCEPTIONS, variable)) return exceptionFault(variable, value, settings);
  if (setting === "token" || others.includes("token")) return tokenFault(variable, value);
  return factFault(variable, value, setting, settings);
}

function personNames(setting: string, value: string, settings: Settings): string | null {
  if (kindOf(setting, settings) !== "variable")
    return `is named by ${setting}, which is not a setting of kind variable`;
  if (settings[setting]?.default !== undefined || settings[setting]?.choices !== undefined)
    return `is named by ${setting}, which must have neither a default nor choices: the person names it`;
  return value === "{token}" ? null : "is named by a setting, so its value must be {token} alone";
}

function tokenFault(variable: string, value: string): string | null {
  if (steers(variable) || rowOf(TAKEN, variable) !== null || !TOKEN.test(variable))
    return "can't carry a token: use a name in capitals that ends in _TOKEN, _KEY, _SECRET, _PASSWORD or _PAT, and that no tool takes as something else";
  return value === "{token}" ? null : "must be {token} alone: a program could take the rest as code";
}

function factFault(variable: string, value: string, name: string, settings: Settings): string | null {
  if (value !== `{${name}}`)
    return `must be exactly one setting, such as {${name}}: a program could take the rest as code`;
  if (steers(variable) || rowOf(TAKEN, variable) !== null || !FACT.test(variable))
    return "can't be written: programs take such a name as code, options, a path or an address";
  const setting = ownValue(settings, name);
  if (setting === undefined) return null; // `templatesAreFilled` says so.
  // The program would use a host, or a word, that the description's author chose.
  if (setting.from !== undefined)
    return `can't be written: the provider says ${name}, and only what the person said may be`;
  if (setting.default !== undefined || setting.choices !== undefined)
    return `can't be written: ${name} has ${setting.default === undefined ? "choices" : "a default"}, and only what the person said may be`;
  return null;
}

/** The value is the one in the table, and what it is made of is still what it was when the exception was made. */
function exceptionFault(variable: string, value: string, settings: Settings): string | null {
  const { value: only } = EXCEPTIONS[variable] as { value: string };
  if (value !== only) return `must be ${only}`;
  const [setting = ""] = namesIn(only);
  if (setting === "token") return null;
  if (only.startsWith("https://") && kindOf(setting, settings) !== "host")
    return `must be made of a host: ${setting} is not of kind host`;
  const fallback = ownValue(settings, setting)?.default;
  return fallback === undefined || /^[A-Za-z0-9_.:[\]-]+$/.test(fallback) ? null : `has the default '${fallback}'`;
}

function kindOf(setting: string, settings: Settings): string | undefined {
  return Object.hasOwn(settings, setting) ? (settings[setting]?.kind ?? "text") : undefined;
}

const STEERING_HEADER =
  /^((host|connection|transfer-encoding|te|trailer|upgrade|expect|range|forwarded)$|content-|proxy-|x-forwarded-|x-http-method|x-original-|x-rewrite-)/i;

/**
 * Why a description can't have this as the line that `auth token -o header` prints, in words; null where it can.
 * The line is an argument of other programs: `curl -H @file` would read a file, a second line would be a second header.
 */
export function headerFault(header: string, settings: Settings): string | null {
  const named = /^\{([A-Za-z0-9]+)\}$/.exec(header)?.[1];
  if (named !== undefined && kindOf(named, settings) === "header") {
    const { default: fallback, choices = [] } = settings[named] ?? {};
    const own = [...choices, ...(fallback === undefined ? [] : [fallback])];
    return own.map((one) => headerFault(one, {})).find((fault) => fault !== null) ?? null;
  }
  const [, name] = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+): [\x20-\x7e]+$/.exec(header) ?? [];
  if (name === undefined) return "is not one line like 'Authorization: Bearer {token}'";
  if (!/\{(token|basic)\}/.test(header)) return "has neither {token} nor {basic} in it";
  if (STEERING_HEADER.test(name)) return `can't be ${name}: it says how a request is sent, not who sends it`;
  return null;
}

/** Why no request to the provider can have a header of this name, in words; null where it can. */
export function requestHeaderFault(name: string): string | null {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) return "is not the name of a header";
  // What is behind one address can be many hosts, of which `Host` names another than the one that is shown.
  if (!STEERING_HEADER.test(name) || /^content-type$/i.test(name)) return null;
  return "can't be sent: it says where a request goes or how, not what it asks for";
}
