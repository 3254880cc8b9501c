/**
 * Ansible's vault password clients: https://docs.ansible.com/ansible/latest/vault_guide/vault_managing_passwords.html
 *
 * The vault id is the connection. A file is decrypted with what it was encrypted with: only what a person has pasted is
 * handed out, and no token that changes.
 */
import { BadRequest, type Call, type ClientRequest, failed, type Protocol } from "./protocol.ts";

const ONLY_PASTED = "This login's tokens change: a vault's password has to stay what it is.";

export default {
  minTtl: 0,
  margin: 0,
  timeLimit: null,
  onlyPasted: ONLY_PASTED,
  ownWords: (words) => (words.at(-2) === FLAG ? 2 : /^--vault-id=/.test(words.at(-1) ?? "") ? 1 : 0),
  ask,
  none: () => unknown("auth: There is no connection for this vault id."),
  failure: (message, _call, code) =>
    code !== undefined && UNKNOWN.includes(code) ? unknown(message) : failed(message),
} satisfies Protocol as Protocol;

const FLAG = "--vault-id";
const UNKNOWN = ["connection_not_found", "provider_not_found"];

/** Ansible then says that there is no secret for this id. */
function unknown(message: string) {
  return { stderr: message, exitCode: 2 };
}

function idIn({ words }: Call): string | null {
  const [first = "", second] = words;
  return first === FLAG ? (second ?? null) : first.startsWith(`${FLAG}=`) ? first.slice(FLAG.length + 1) : null;
}

async function ask(call: Call): Promise<ClientRequest> {
  const id = idIn(call);
  if (call.words.length > 0 && !/^[\w.@:+-]{1,200}$/.test(id ?? ""))
    throw new BadRequest("A vault id has to be a connection, as in --vault-id apikey:production.");
  return {
    kind: "token",
    place: null,
    ...(id !== null && { connection: id }),
    answer: ({ token, isPasted }) => {
      if (!isPasted) throw new BadRequest(ONLY_PASTED);
      return { stdout: `${token.reveal()}\n` };
    },
  };
}
