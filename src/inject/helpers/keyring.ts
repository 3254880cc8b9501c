/**
 * The `keyring` program, as uv and pip call it with `--keyring-provider subprocess`:
 * https://docs.astral.sh/uv/concepts/authentication/http/ and https://pip.pypa.io/en/stable/topics/authentication/
 *
 * The service is an index's URL, then its host alone. The client keeps what it gets as long as it runs. Any exit code but 0
 * means that there is nothing.
 */
import { originOfServer } from "./origin.ts";
import { BadRequest, type Call, type ClientRequest, failed, type Protocol } from "./protocol.ts";

export default {
  minTtl: 600,
  margin: 0,
  timeLimit: null,
  ownWords: (words) =>
    words.length -
    Math.max(
      0,
      words.findIndex((word) => OPERATIONS.includes(word)),
    ),
  ask,
  none: () => ({ exitCode: 1 }),
  failure: failed,
} satisfies Protocol as Protocol;

const OPERATIONS = ["get", "set", "del"];

async function ask({ words: [operation, service, ...more] }: Call): Promise<ClientRequest> {
  if (operation === "set" || operation === "del")
    throw new BadRequest("Nothing is stored here: logins are made by 'auth login', and ended by 'auth logout'.");
  if (operation !== "get" || service === undefined) throw new BadRequest("This is asked by get and a service.");
  const wantsName = more.join(" ") === "--mode creds" || more.join(" ") === "--mode=creds";
  const [user] = wantsName ? [] : more;
  if (!wantsName && (user === undefined || more.length > 1))
    throw new BadRequest("A user name is needed, or --mode creds.");
  return {
    kind: "token",
    place: { origin: originOfServer(service), user: user ?? null },
    answer: ({ token, userName }) => ({ stdout: `${wantsName ? `${userName}\n` : ""}${token.reveal()}\n` }),
  };
}
