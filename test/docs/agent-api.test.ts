/** docs/agent-api.json: made from the schemas, and true of what the agent answers. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as v from "valibot";
import { AGENT_API, agentApi } from "../../.ci/agent-api.ts";
import { ConnectionsReply, ErrorReply, StatusReply, TokenReply } from "../../src/agent/protocol.ts";
import { type AgentHome, agentHome, post } from "../support/agent-home.ts";

test("docs/agent-api.json is what the schemas say: npm run docs", async () => {
  expect(await Bun.file(AGENT_API).text()).toBe(agentApi());
});

describe("what the agent answers has every field that is described, and no other", () => {
  let home: AgentHome;
  beforeAll(async () => {
    home = await agentHome(3600);
    await home.start();
  });
  afterAll(() => home.stop());

  const strict = { Token: TokenReply, Connections: ConnectionsReply, Status: StatusReply, Error: ErrorReply };
  const REQUESTS: readonly (readonly [keyof typeof strict, number, string, RequestInit?])[] = [
    ["Token", 200, "/v1/token/acme"],
    ["Token", 200, "/v1/token/acme%3Adefault?min_ttl=60"],
    ["Token", 200, "/v1/rejected", post({ connection: "acme", token: "another" })],
    ["Connections", 200, "/v1/connections"],
    ["Status", 200, "/v1/status"],
    ["Error", 404, "/v1/token/acme:nobody"],
    ["Error", 404, "/v1/nothing"],
    ["Error", 404, "/v2/status"],
    ["Error", 404, "/v1/status", post({})],
    ["Error", 400, "/v1/token/acme?min_ttl=soon"],
    ["Error", 400, "/v1/rejected", post({ connection: "acme" })],
  ];
  for (const [name, expected, path, init] of REQUESTS)
    test(`${init?.method ?? "GET"} ${path}: ${name}`, async () => {
      const { status, body } = await home.ask(path, init);
      expect([path, status]).toEqual([path, expected]);
      const { entries } = strict[name];
      expect(v.parse(v.strictObject(entries as v.ObjectEntries), body)).toEqual(body);
    });
});
