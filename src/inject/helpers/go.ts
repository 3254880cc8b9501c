/**
 * `GOAUTH` of the go command, 1.24 and later: https://pkg.go.dev/cmd/go#hdr-GOAUTH_environment_variable
 *
 * go runs it once before the first request, without a URL: the answer is empty. After a refusal it is run for that URL,
 * with the refusal on standard input. The go command keeps the answer as long as it runs.
 *
 * The documentation has a slash after the host; Go up to at least 1.24 looks for the host alone (loadCredential in
 * cmd/go/internal/auth).
 */
import { originOfUrl } from "./origin.ts";
import { type Call, type ClientRequest, failed, NOTHING, type Protocol } from "./protocol.ts";

export default {
  minTtl: 600,
  margin: 0,
  timeLimit: null,
  ownWords: (words) => (/^https?:\/\//i.test(words.at(-1) ?? "") ? 1 : 0),
  ask: async ({ words: [url] }: Call): Promise<ClientRequest> => {
    if (url === undefined) return { kind: "reply", reply: NOTHING };
    const origin = originOfUrl(url.replace(/[?#].*$/s, ""));
    return {
      kind: "token",
      place: { origin, user: null },
      answer: async (credential) => {
        const lines = (await credential.headers()).map(({ name, value }) => `${name}: ${value.reveal()}`);
        return { stdout: [origin, `${origin}/`, "", ...lines, "", ""].join("\n") };
      },
    };
  },
  none: () => NOTHING,
  failure: failed,
} satisfies Protocol as Protocol;
