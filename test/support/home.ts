/** A home with a login in it, made in an instant: by the browser flow, which waits for no person. */
import { loginByBrowser } from "./browser-login.ts";
import { type LoggedIn, loggedIn, PROVIDER } from "./logged-in.ts";
import { auth, type Ended } from "./program.ts";

/** @param as the connection to log in as */
export async function browserHome(
  options: Parameters<typeof loggedIn>[0] = {},
  as: string = PROVIDER,
): Promise<LoggedIn> {
  const home = await loggedIn(options, null);
  await logInByBrowser(home, as);
  return home;
}

/** @returns the events of `--json` */
export function logInByBrowser(
  home: LoggedIn,
  as: string,
  flags: readonly string[] = [],
): Promise<Record<string, unknown>[]> {
  return loginByBrowser(["login", as, "--flow", "browser", ...home.places, ...flags, "--json"], home.env);
}

/** Keeps a token without asking anyone whose it is. */
export async function paste(
  env: Readonly<Record<string, string | undefined>>,
  connection: string,
  token: string,
): Promise<Ended> {
  return succeeded(auth(["login", connection, "--token", "-", "--no-verify", "--quiet"], { env, stdin: token }));
}

export async function succeeded(run: Promise<Ended>): Promise<Ended> {
  const ended = await run;
  if (ended.code !== 0) throw new Error(`exit ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
  return ended;
}
