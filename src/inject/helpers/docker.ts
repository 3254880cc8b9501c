/**
 * docker's credential helpers, which podman, skopeo, buildah, ORAS and Helm speak too:
 * https://github.com/docker/docker-credential-helpers
 *
 * There is no expiry in it. BuildKit keeps what it got for ten minutes, and a long push takes its time besides.
 */
import { isLoopback } from "../../platform/url.ts";
import { originAsked } from "./origin.ts";
import { BadRequest, type ClientRequest, NOTHING, type Place, type Protocol, type Reply } from "./protocol.ts";
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
    // Of a logout, without the token: nothing tells that it was refused.
    erase: () => ({ kind: "reply", reply: NOTHING }),
    // Those who ask for every registry's token at once ask for each one's by `get` as well.
    list: () => ({ kind: "reply", reply: { stdout: "{}\n" } }),
    version: () => ({ kind: "reply", reply: { stdout: "docker-credential-auth (auth)\n" } }),
  }),
  none: () => said(NOT_FOUND),
  failure: said,
} satisfies Protocol as Protocol;

/** Word for word: a client that reads it goes on without credentials. */
const NOT_FOUND = "credentials not found in native keychain";

/** Errors are read from standard output. */
function said(message: string): Reply {
  return { stdout: `${message}\n`, exitCode: 1 };
}

function get(server: string): ClientRequest {
  if (server === "") return { kind: "reply", reply: said("no credentials server URL") };
  return {
    kind: "token",
    place: placeOf(server),
    answer: ({ token, userName }) => {
      const reply = { ServerURL: server, Username: userName, Secret: token.reveal() };
      return { stdout: `${JSON.stringify(reply)}\n` };
    },
  };
}

/** `ghcr.io`, `registry.example:5000/team`, `https://index.docker.io/v1/`. */
function placeOf(server: string): Place {
  const [, scheme, host = ""] = /^(?:(https?):\/\/)?([^/]*)(?:\/[\x21-\x7e]*)?$/.exec(server) ?? [];
  if (host === "") throw new BadRequest("The server asked for is no registry's name.");
  // Registries on this machine need no https, as with docker's own insecure registries.
  const own = isLoopback(host.replace(/:\d+$/, "")) ? "http" : "https";
  return { origin: originAsked(scheme ?? own, host), user: null };
}
