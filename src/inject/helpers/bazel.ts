/**
 * Bazel's credential helpers, which BuildBuddy, EngFlow, Buck2 and `uv auth helper` speak too:
 * https://github.com/EngFlow/credential-helper-spec
 *
 * An answer is kept until exactly its `expires`, and a request may still be sent then: hence the margin.
 */
import { at, parseJson } from "../../platform/json.ts";
import { originOfUrl } from "./origin.ts";
import { BadRequest, type Call, type ClientRequest, failed, jsonReply, type Protocol, rfc3339 } from "./protocol.ts";
import { byVerb } from "./verbs.ts";

export default {
  minTtl: 0,
  margin: 60,
  // The default of Bazel's --credential_helper_timeout.
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
      return jsonReply({ headers, expires: expiresAt === null ? undefined : rfc3339(expiresAt) });
    },
  };
}

function uriIn(text: string): string {
  const request = parseJson(text);
  if (request === undefined) throw new BadRequest("The request isn't JSON.");
  const uri = at(request, "uri");
  if (typeof uri !== "string") throw new BadRequest("The request has no uri.");
  return uri;
}
