import { CONNECTION, defineCommand } from "./command.ts";
import { LOGIN_FLAGS, loginCallFrom } from "./login/call.ts";
import { performLogin } from "./login/perform.ts";
import { targetOf } from "./login/target.ts";
import { inSession } from "./session.ts";
import { loginFlags } from "./settings.ts";

export default defineCommand({
  name: "login",
  description: "Log in at a provider and keep the tokens",
  group: "everyday",
  args: {
    connection: {
      type: "positional",
      required: false,
      completes: "new-connection",
      description: "<provider>, <provider>:<name>, or https://issuer",
    },
    profile: { ...CONNECTION.profile, description: "Keep the login under this name (or: AUTH_PROFILE)" },
    ...LOGIN_FLAGS,
  },
  extraFlags: (words, env) => loginFlags(words.slice(1), env),
  examples: [
    ["auth login {a}", "by the way that {a} prefers"],
    ["auth login {a} -p work --token -", "a token that you have already, under a name"],
    ["auth login https://issuer.example --client-id my-cli", "any OpenID Connect issuer"],
  ],
  run: (cli, args) =>
    inSession(cli, async (session) => {
      const target = await targetOf(
        cli,
        session,
        args.connection,
        args.profile,
        args.token !== undefined || args.flow === "token",
      );
      await performLogin(cli, session, await loginCallFrom(cli, session, target, args));
    }),
});
