/**
 * docker's credential helpers, which podman, skopeo, buildah, ORAS and Helm speak too:
 * https://github.com/docker/docker-credential-helpers
 *
 * It has no expiry. BuildKit keeps a token for ten minutes, and a push with it may take longer.
 */
import { originOfServer } from "./origin.ts";
import { type ClientRequest, jsonReply, NOTHING, type Protocol, type Reply } from "./protocol.ts";
import { byVerb, refuseToStore } from "./verbs.ts";

export default {
  minTtl: 900,
  margin: 0,
  timeLimit: null,
  ownWords: 1,
  ask: byVerb({
    get: async (call) => get((await call.text()).trim()),
    store: refuseToStore(
      "Nothing is stored here: a registry's login is made by 'auth login', and is used without one.",
    ),
    // Of a logout, without the token: it doesn't mean that the token was refused.
    erase: () => ({ kind: "reply", reply: NOTHING }),
    // Clients that ask for all registries at once ask for each by `get` as well.
    list: () => ({ kind: "reply", reply: { stdout: "{}\n" } }),
    version: () => ({ kind: "reply", reply: { stdout: "docker-credential-auth (auth)\n" } }),
  }),
  none: () => said(NOT_FOUND),
  failure: said,
} satisfies Protocol as Protocol;

/** Exactly this text: clients that read it go on without credentials. */
const NOT_FOUND = "credentials not found in native keychain";

/** Errors are read from standard output. */
function said(message: string): Reply {
  return { stdout: `${message}\n`, exitCode: 1 };
}

function get(server: string): ClientRequest {
  if (server === "") return { kind: "reply", reply: said("no credentials server URL") };
  return {
    kind: "token",
    place: { origin: originOfServer(server, "The server asked for is no registry's name."), user: null },
    answer: ({ token, userName }) => jsonReply({ ServerURL: server, Username: userName, Secret: token.reveal() }),
  };
}
