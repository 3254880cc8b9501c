/**
 * kubectl and every other client of Kubernetes' Go and Python libraries: `users[].user.exec` of a kubeconfig.
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 *
 * The plugin runs for each kubectl; a client that stays keeps the token until its end, or until a 401. The kubeconfig
 * that names this command names the server too.
 */
import {
  BadRequest,
  type Call,
  type ClientRequest,
  type Credential,
  failed,
  type Protocol,
  type Reply,
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

/** The reply has the version of what was asked; without that, the current one. @throws BadRequest */
function versionOf({ env }: Call): string {
  const text = env.KUBERNETES_EXEC_INFO;
  if (!text) return `${GROUP}/v1`;
  let info: { apiVersion?: unknown } | null;
  try {
    info = JSON.parse(text) as typeof info;
  } catch {
    throw new BadRequest("KUBERNETES_EXEC_INFO isn't JSON.");
  }
  const version = info?.apiVersion;
  if (version === `${GROUP}/v1` || version === `${GROUP}/v1beta1`) return version;
  throw new BadRequest(`KUBERNETES_EXEC_INFO asks for another version than ${GROUP}/v1 or v1beta1.`);
}

function answering(call: Call): Extract<ClientRequest, { kind: "token" }>["answer"] {
  const apiVersion = versionOf(call);
  return ({ token, expiresAt }: Credential): Reply => {
    const expirationTimestamp = expiresAt === null ? undefined : rfc3339(expiresAt);
    const status = { token: token.reveal(), expirationTimestamp };
    return { stdout: `${JSON.stringify({ apiVersion, kind: "ExecCredential", status })}\n` };
  };
}

/** Without fractions, which not every reader takes. */
function rfc3339(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}
