/**
 * kubectl and every other client of Kubernetes' Go and Python libraries: `users[].user.exec` of a kubeconfig.
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 *
 * kubectl runs the plugin each time; a long-running client keeps the token until it expires, or until a 401. The kubeconfig
 * that names this command names the server, too.
 */
import { at, parseJson } from "../../platform/json.ts";
import {
  BadRequest,
  type Call,
  type ClientRequest,
  type Credential,
  failed,
  jsonReply,
  type Protocol,
  type Reply,
  rfc3339,
} from "./protocol.ts";

export default {
  minTtl: 0,
  margin: 60,
  timeLimit: null,
  ownWords: 0,
  needsConnection: true,
  ask: async (call): Promise<ClientRequest> => ({ kind: "token", place: null, answer: answering(call) }),
  none: () => failed("auth: There is no connection for this cluster."),
  failure: failed,
} satisfies Protocol as Protocol;

const GROUP = "client.authentication.k8s.io";

/** The reply has the version of the request; without one, the current version. @throws BadRequest */
function versionOf({ env }: Call): string {
  const text = env.KUBERNETES_EXEC_INFO;
  if (!text) return `${GROUP}/v1`;
  const info = parseJson(text);
  if (info === undefined) throw new BadRequest("KUBERNETES_EXEC_INFO isn't JSON.");
  const version = at(info, "apiVersion");
  if (version === `${GROUP}/v1` || version === `${GROUP}/v1beta1`) return version;
  throw new BadRequest(`KUBERNETES_EXEC_INFO asks for another version than ${GROUP}/v1 or v1beta1.`);
}

function answering(call: Call): Extract<ClientRequest, { kind: "token" }>["answer"] {
  const apiVersion = versionOf(call);
  return ({ token, expiresAt }: Credential): Reply => {
    const expirationTimestamp = expiresAt === null ? undefined : rfc3339(expiresAt);
    const status = { token: token.reveal(), expirationTimestamp };
    return jsonReply({ apiVersion, kind: "ExecCredential", status });
  };
}
