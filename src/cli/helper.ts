import { HELPERS } from "../inject/helpers/table.ts";
import { CONNECTION, defineCommand, list } from "./command.ts";
import { answer } from "./helper/answer.ts";
import { oneOf } from "./suggest.ts";

export default defineCommand({
  name: "helper",
  description: "Answer a program that asks a command for credentials: git, docker, kubectl and others",
  group: "scripting",
  args: {
    client: {
      type: "positional",
      completes: Object.keys(HELPERS),
      description: `Who asks: ${Object.keys(HELPERS).join(", ")}`,
    },
    words: {
      type: "positional",
      required: false,
      variadic: true,
      completes: "connection",
      description: "A connection, where one is meant; then what the program itself adds",
    },
    profile: CONNECTION.profile,
    "min-ttl": {
      type: "string",
      valueHint: "seconds",
      description: "Refresh when less than this is left; by default, as long as the program keeps a token",
    },
    "id-token": { type: "boolean", description: "Hand out the login's ID token in the place of its access token" },
    origin: {
      type: "string",
      valueHint: "https://host",
      repeatable: true,
      description: "Another origin that the tokens of what is named may go to",
    },
  },
  examples: [
    ["git config --global credential.helper '!auth helper git'", "git asks auth, for every host with a login"],
    [
      "git config --global credential.https://git.example.helper '!auth helper git oidc:work --origin https://git.example'",
      "the connection for one host, which isn't its provider's own",
    ],
  ],
  run: (cli, args) => {
    const [, ...words] = args._;
    const flags = [
      ...(args.profile === undefined ? [] : ["--profile", args.profile]),
      ...(args["min-ttl"] === undefined ? [] : ["--min-ttl", args["min-ttl"]]),
      ...(args["id-token"] ? ["--id-token"] : []),
      ...list(args.origin).flatMap((origin) => ["--origin", origin]),
    ];
    return answer(cli, oneOf("client", args.client ?? "", Object.keys(HELPERS)), [...flags, ...words]);
  },
});
