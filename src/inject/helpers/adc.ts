/**
 * Google's external accounts whose subject token comes from a program (`credential_source.executable`):
 * https://google.aip.dev/auth/4117 and https://cloud.google.com/iam/docs/workload-identity-federation-with-other-providers
 *
 * The library exchanges the token at once, and keeps the result. Some of the libraries read standard error as part of the
 * answer: nothing is written there, and a failure is an answer too.
 */
import { BadRequest, type Call, type ClientRequest, jsonReply, type Protocol, type Reply } from "./protocol.ts";

export default {
  minTtl: 60,
  margin: 0,
  // The default of `timeout_millis`.
  timeLimit: 30,
  ownWords: 0,
  needsConnection: true,
  readsErrors: true,
  ask,
  none: () => refusal("There is no connection for this.", "connection_not_found"),
  failure: (message, _call, code) => refusal(message, code),
} satisfies Protocol as Protocol;

const TYPES = ["id_token", "jwt"].map((name) => `urn:ietf:params:oauth:token-type:${name}`);

async function ask({ env }: Call): Promise<ClientRequest> {
  const type = env.GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE ?? "";
  if (!TYPES.includes(type))
    throw new BadRequest("GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE, which the library sets, is no type of a JWT.");
  return {
    kind: "token",
    place: null,
    answer: ({ token, expiresAt }) => {
      const text = token.reveal();
      if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text))
        throw new BadRequest("This token is no JWT, which is needed here: --id-token hands out the login's ID token.");
      const end = expiresAt === null ? undefined : Math.floor(expiresAt / 1000);
      return jsonReply({ version: 1, success: true, token_type: type, id_token: text, expiration_time: end });
    },
  };
}

function refusal(message: string, code = "helper_failed"): Reply {
  return { ...jsonReply({ version: 1, success: false, code, message }), exitCode: 1 };
}
