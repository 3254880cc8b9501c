/**
 * pnpm's `tokenHelper`: https://pnpm.io/npmrc#urltokenhelper
 *
 * It prints the value of the Authorization header. The configuration names the registry beside the command, but doesn't pass
 * it. pnpm 10 runs the command at every start and takes no arguments, pnpm 12 runs it at most once.
 */
import { BadRequest, type ClientRequest, failed, type Protocol } from "./protocol.ts";

export default {
  minTtl: 600,
  margin: 0,
  // In pnpm 12.
  timeLimit: 60,
  ownWords: 0,
  needsConnection: true,
  ask: async (): Promise<ClientRequest> => ({
    kind: "token",
    place: null,
    answer: async (credential) => {
      const header = (await credential.headers()).find(({ name }) => name.toLowerCase() === "authorization");
      if (header === undefined) throw new BadRequest("This provider's tokens go in another header than pnpm's.");
      return { stdout: `${header.value.reveal()}\n` };
    },
  }),
  none: () => failed("auth: There is no connection for this registry."),
  failure: failed,
} satisfies Protocol as Protocol;
