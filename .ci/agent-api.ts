// docs/agent-api.json: the OpenAPI description of what `auth agent` answers, made from the schemas that its source reads by.
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import * as protocol from "../src/agent/protocol.ts";

export const AGENT_API = new URL("../docs/agent-api.json", import.meta.url);

const SCHEMAS = {
  Token: protocol.TokenReply,
  Connections: protocol.ConnectionsReply,
  Status: protocol.StatusReply,
  Rejected: protocol.RejectedRequest,
  Error: protocol.ErrorReply,
};

type Name = keyof typeof SCHEMAS;

export function agentApi(): string {
  return `${JSON.stringify(document(), null, 2)}\n`;
}

function document() {
  return {
    openapi: "3.1.0",
    info: {
      title: "auth agent",
      version: "1",
      description:
        "Over the Unix socket that 'auth agent status --json' names, with the host 'localhost'; or on loopback TCP (--tcp), with its secret as a bearer token. Later versions add fields and take none away.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [
      { url: "http://localhost", description: "By the socket: curl --unix-socket <socket> http://localhost/v1/…" },
      {
        url: "http://127.0.0.1:{port}",
        description: "By TCP, where it was started with --tcp",
        variables: { port: { default: "0", description: "In 'auth agent status'" } },
      },
    ],
    security: [{}, { secret: [] }],
    paths: {
      "/v1/token/{connection}": {
        get: operation("token", "A token that works now, refreshed first if that is due", "Token", [
          {
            name: "connection",
            in: "path",
            required: true,
            description: "As 'auth token' takes it: github, github:work, an issuer's URL; percent-encoded",
            schema: { type: "string" },
          },
          {
            name: "min_ttl",
            in: "query",
            description: "Seconds that the token should still live",
            schema: { type: "integer", minimum: 0 },
          },
          {
            name: "resource",
            in: "query",
            description: "The API that the token is to be for, as 'auth token --resource' takes it",
            schema: { type: "string", format: "uri" },
          },
        ]),
      },
      "/v1/connections": {
        get: operation("connections", "Every connection, as 'auth list --json' has it", "Connections"),
      },
      "/v1/status": { get: operation("status", "The agent itself; answered while it is locked, too", "Status") },
      "/v1/rejected": {
        post: {
          ...operation(
            "rejected",
            "After an API refused a token (401): another one, refreshed if the refused one is still the stored one",
            "Token",
          ),
          requestBody: { required: true, content: json("Rejected") },
        },
      },
    },
    components: {
      schemas: Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, jsonSchema(schema)])),
      securitySchemes: {
        secret: { type: "http", scheme: "bearer", description: "On TCP: 'auth agent status --json --show-secret'" },
      },
    },
  };
}

const FAILURES: Readonly<Record<string, string>> = {
  400: "The request isn't as it should be, or several connections are meant (exit code 64)",
  401: "On TCP: the secret is missing or wrong",
  403: "From a browser: it has an Origin or Sec-Fetch-Site",
  404: "There is no such connection or provider (2), or nothing at this address",
  409: "A person has to do something: log in, mend the client (3, 4, 6, 7, 9)",
  413: "The body is too large",
  421: "For another host than the agent's",
  423: "Locked, or the vault's key can't be had (8)",
  500: "The vault is damaged, or something unexpected (1, 8)",
  503: "The network or the provider: try again (5)",
};

function operation(operationId: string, summary: string, reply: Name, parameters: readonly unknown[] = []) {
  const failures = Object.entries(FAILURES).map(([status, description]) => {
    return [status, status === "413" ? { description } : { description, content: json("Error") }];
  });
  return {
    operationId,
    summary,
    ...(parameters.length > 0 && { parameters }),
    responses: { 200: { description: "OK", content: json(reply) }, ...Object.fromEntries(failures) },
  };
}

function json(name: Name) {
  return { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } };
}

function jsonSchema(schema: v.GenericSchema) {
  const { $schema: _, ...rest } = toJsonSchema(schema, { target: "draft-2020-12" });
  return rest;
}
