/** Files fetched to find a plugin in: over https, without redirects, up to a size. */
import { AuthError } from "../../../platform/errors.ts";
import type { Http, HttpReply } from "../../../platform/http.ts";
import { HttpError } from "../../../platform/http-failure.ts";
import { addressFault } from "../../../platform/url.ts";

/**
 * @param what for messages: `the plugin`
 * @throws AuthError `plugin_invalid` for an address that isn't https, a redirect or too much; `network`, `provider_unavailable`
 */
export async function fetchFile(
  http: Http,
  url: string,
  { what, maxBytes, headers = {} }: { what: string; maxBytes: number; headers?: Readonly<Record<string, string>> },
): Promise<HttpReply> {
  const fault = addressFault(url);
  if (fault !== null) throw refused(`The address of ${what} ${fault}.`, "Give an https URL.");
  const reply = await http({ method: "GET", url, headers, maxBytes, retry: true }).catch((error: unknown) => {
    throw error instanceof HttpError ? notFetched(error, what, url) : error;
  });
  if (reply.status === 200) return reply;
  if (reply.status === 404 || reply.status === 410) throw refused(`There is no ${what} at ${url}.`, "Check the name.");
  if (reply.status === 401 || reply.status === 403)
    throw refused(
      `${new URL(url).host} doesn't give out ${what}: HTTP ${reply.status}.`,
      "Check what you may read there.",
    );
  throw new AuthError("provider_unavailable", `${new URL(url).host} answered HTTP ${reply.status} for ${what}.`, {
    hint: "Try again later. Nothing was added.",
  });
}

function notFetched(error: HttpError, what: string, url: string): AuthError {
  if (error.failure === "redirected")
    return refused(`${url} redirects to another address.`, "Give the address that it redirects to, if you trust it.");
  if (error.failure === "reply too large")
    return refused(`${what} at ${url} is too large.`, "A plugin is one small file.");
  return new AuthError("network", `${what} can't be fetched: ${error.message}.`, {
    hint: `${error.remedy} Nothing was added.`,
    cause: error,
  });
}

function refused(message: string, hint: string): AuthError {
  return new AuthError("plugin_invalid", message, { hint });
}
