/** `auth mcp`: commands for MCP clients. `auth mcp <url>` itself is in mcp/bridge.ts. */
import { usage } from "../platform/errors.ts";
import { defineCommand, defineGroup, loaded } from "./command.ts";
import { clientMetadataUrlOf } from "./login/call.ts";
import { inSession } from "./session.ts";

const clientMetadata = defineCommand({
  name: "client-metadata",
  description: "Print the client metadata document to serve at an https URL, as which logins at MCP servers then speak",
  args: {
    "client-metadata-url": {
      type: "string",
      valueHint: "url",
      description: "Where it will be served: the client's id (or: AUTH_CLIENT_METADATA_URL)",
    },
  },
  examples: [
    [
      "auth mcp client-metadata --client-metadata-url https://example.com/auth/client.json",
      "serve this there, as application/json",
    ],
    ["auth mcp client-metadata", "for the URL in AUTH_CLIENT_METADATA_URL"],
  ],
  run: (cli, args) =>
    inSession(cli, async ({ registry }) => {
      const url = await clientMetadataUrlOf(cli, args["client-metadata-url"]);
      if (url === null)
        throw usage(
          "Where will the document be served?",
          "Name its URL: auth mcp client-metadata --client-metadata-url https://example.com/auth/client.json",
        );
      const { clientMetadataOf } = await import("../oauth/client-metadata.ts");
      const { withDefaults } = await import("../providers/defaults.ts");
      await cli.output.json(clientMetadataOf(url, withDefaults(await registry.get("mcp"))));
    }),
});

export default defineGroup({
  name: "mcp",
  description: "MCP servers: reached as a command that a client starts, and what else their clients need",
  group: "scripting",
  commands: { login: () => import("./mcp/login-all.ts"), ...loaded({ "client-metadata": clientMetadata }) },
  atAddress: () => import("./mcp/bridge.ts"),
  examples: [
    [
      "auth mcp https://mcp.example.com/mcp",
      "what an MCP client starts: the server over HTTP, on standard input and output",
    ],
    [
      "auth mcp client-metadata --client-metadata-url https://example.com/auth/client.json",
      "the document that says what auth is",
    ],
  ],
});
