/** A home with a login in it, at an issuer of its own: where most end-to-end promises begin. */
import { type SentryOptions, startSentry } from "../issuers/sentry.ts";
import { auth, bareEnvironment, type Ended, type RunOptions } from "./program.ts";

export interface LoggedIn {
  readonly issuer: ReturnType<typeof startSentry>;
  readonly env: Record<string, string>;
  /** Runs `auth` in this home. */
  call(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** The flags that lead a login of this provider to this issuer. */
  readonly places: readonly string[];
  stop(): Promise<void>;
}

/** The provider whose dialect the issuer speaks. */
export const PROVIDER = "sentry";
export const CONNECTION = `${PROVIDER}:default`;

/** @param as the connection to log in as; null for none */
export async function loggedIn(options: SentryOptions = {}, as: string | null = PROVIDER): Promise<LoggedIn> {
  const issuer = startSentry({ approve: true, interval: 1, ...options });
  const env = bareEnvironment({ AUTH_SENTRY_CLIENT_ID: issuer.publicClient.id });
  const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
  const call = (args: readonly string[], { env: more, ...rest }: RunOptions = {}): Promise<Ended> =>
    auth(args, { ...rest, env: { ...env, ...more } });
  if (as !== null) {
    const { code, stderr } = await call(["login", as, ...places, "--quiet"]);
    if (code !== 0) throw new Error(`login failed (${code}): ${stderr}`);
  }
  return { issuer, env, call, places, stop: () => issuer.server.stop() };
}

/** The error line of `--json`. */
export function errorOf({ stderr }: Ended): Record<string, unknown> {
  return (JSON.parse(stderr) as { error: Record<string, unknown> }).error;
}
