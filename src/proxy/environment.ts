/** The variables by which runtimes and tools find the proxy, and the authority to trust. */
import type { Environment } from "../platform/context.ts";

/** Each names a file with all certificates to trust; Node's adds to its own. */
const CERTIFICATES = [
  "SSL_CERT_FILE", // OpenSSL: Ruby, PHP, wget, uv and, on Linux, Go
  "NODE_EXTRA_CA_CERTS", // Node.js, Bun
  "DENO_CERT",
  "REQUESTS_CA_BUNDLE", // Python: requests
  "PIP_CERT",
  "HTTPLIB2_CA_CERTS",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "CARGO_HTTP_CAINFO",
  "AWS_CA_BUNDLE",
  "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
  "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
  "NIX_SSL_CERT_FILE",
];

export interface ProxyPlace {
  /** With the secret in it. */
  readonly address: string;
  readonly bundle: string;
  /** The same certificates for Java: the path of a `javaTrustStore`. */
  readonly javaBundle: string;
  /** The APIs that must be reached through the proxy. */
  readonly origins: readonly URL[];
  /** Nothing else is to be reached. */
  readonly strict: boolean;
}

export function proxyVariables(
  env: Environment,
  { address, bundle, javaBundle, origins, strict }: ProxyPlace,
): Record<string, string> {
  const isPlain = strict || origins.some(({ protocol }) => protocol === "http:");
  const exempt = strict ? "" : exemptions(env, origins);
  return {
    ...both("HTTPS_PROXY", address),
    ...(isPlain ? both("HTTP_PROXY", address) : {}),
    ...both("NO_PROXY", exempt),
    // Node.js reads the variables above only with this one.
    NODE_USE_ENV_PROXY: "1",
    ...Object.fromEntries(CERTIFICATES.map((name) => [name, bundle])),
    JAVA_TOOL_OPTIONS: javaOptions(env, javaBundle),
  };
}

/** Programs read one or the other; curl only the lower case of HTTP_PROXY. */
function both(name: string, value: string): Record<string, string> {
  return { [name]: value, [name.toLowerCase()]: value };
}

/**
 * After the caller's own, since the last one counts. Without the proxy's address: no option gives Java's HTTP client the
 * secret, so a program that doesn't handle proxies itself would be cut off. By default Java sends no password to a proxy for
 * https (`jdk.http.auth.tunneling.disabledSchemes`): it may here, since this proxy is on loopback.
 */
function javaOptions({ JAVA_TOOL_OPTIONS: own }: Environment, javaBundle: string): string {
  const store = `-Djavax.net.ssl.trustStore=${javaBundle}`;
  return [
    ...(own ? [own] : []),
    // The JVM splits at white space, and removes quotes.
    /[\s"']/.test(store) ? `"${store.replaceAll('"', `"'"'"`)}"` : store,
    "-Djavax.net.ssl.trustStoreType=PKCS12",
    "-Djdk.http.auth.tunneling.disabledSchemes=",
  ].join(" ");
}

/** The caller's own, without entries that would bypass the proxy. */
function exemptions(env: Environment, origins: readonly URL[]): string {
  return (env.no_proxy || env.NO_PROXY || "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "" && !origins.some(({ hostname }) => covers(entry, hostname)))
    .join(",");
}

/** Broadly, since programs read these entries differently. */
function covers(entry: string, hostname: string): boolean {
  const host = entry
    .toLowerCase()
    .replace(/^\*?\.?/, "")
    .replace(/:\d+$/, "");
  const isRange = entry.includes("/") && /^[\d.]+$|^\[/.test(hostname);
  return entry === "*" || isRange || hostname === host || hostname.endsWith(`.${host}`);
}
