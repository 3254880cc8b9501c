/**
 * `GOAUTH` of the go command, 1.24 and later: https://pkg.go.dev/cmd/go#hdr-GOAUTH_environment_variable
 *
 * It is run once before the first request, for whatever it has: nothing, as the host isn't known yet. After a refusal it
 * is run for that URL, with the refusal on standard input. What it says is kept as long as that go command runs.
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
