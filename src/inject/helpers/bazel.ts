/**
 * Bazel's credential helpers, which BuildBuddy, EngFlow, Buck2 and `uv auth helper` speak too:
 * https://github.com/EngFlow/credential-helper-spec
 *
 * An answer is kept until exactly the end that it says, and a request may take as long as the client lets it after that.
 */
import { ownValue } from "../../platform/json.ts";
import { originOfUrl } from "./origin.ts";
import { BadRequest, type Call, type ClientRequest, failed, type Protocol } from "./protocol.ts";
import { byVerb } from "./verbs.ts";

export default {
  minTtl: 0,
  margin: 60,
  // Bazel's --credential_helper_timeout.
  timeLimit: 10,
  ownWords: 1,
  ask: byVerb({ get }),
  none: () => ({ stdout: "{}\n" }),
  failure: failed,
} satisfies Protocol as Protocol;

async function get(call: Call): Promise<ClientRequest> {
  return {
    kind: "token",
    place: { origin: originOfUrl(uriIn(await call.text())), user: null },
    answer: async (credential) => {
      const headers: Record<string, string[]> = {};
      for (const { name, value } of await credential.headers()) headers[name] = [value.reveal()];
      const { expiresAt } = credential;
      const expires = expiresAt === null ? undefined : new Date(expiresAt).toISOString().replace(/\.\d+Z$/, "Z");
      return { stdout: `${JSON.stringify({ headers, expires })}\n` };
    },
  };
}

function uriIn(text: string): string {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    throw new BadRequest("The request isn't JSON.");
  }
  const uri =
    typeof request === "object" && request !== null ? ownValue(request as Record<string, unknown>, "uri") : null;
  if (typeof uri !== "string") throw new BadRequest("The request has no uri.");
  return uri;
}
