/** Where an agent is looked for, and what isn't asked. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AgentPlace, addressAt, agentPlace } from "../../src/agent/place.ts";
import { tempFolder } from "../support/program.ts";

let place: AgentPlace;
let server: Bun.Server<undefined> | null = null;

beforeEach(() => {
  place = agentPlace({ agent: join(tempFolder(), "agent") }, "0123456789abcdef0123456789abcdef");
  mkdirSync(place.folder, { mode: 0o700 });
});
afterEach(async () => {
  await server?.stop(true);
  server = null;
});

function listen(): void {
  server = Bun.serve({ unix: place.socket, fetch: () => new Response("") });
}

test("a socket of ours in a folder that is ours alone", () => {
  listen();
  expect(addressAt(place, "linux")).toEqual({ kind: "socket", path: place.socket });
});

test("nothing is there", () => {
  expect(addressAt(place, "linux")).toBeNull();
  expect(addressAt(agentPlace({ agent: "/nowhere" }, "ab".repeat(16)), "linux")).toBeNull();
});

test("attack: a folder that others can enter, or write to, isn't asked", () => {
  listen();
  for (const mode of [0o777, 0o750, 0o701]) {
    chmodSync(place.folder, mode);
    expect(addressAt(place, "linux")).toBeNull();
  }
});

test("attack: a link in the place of folder or socket isn't followed", () => {
  const elsewhere = agentPlace({ agent: join(tempFolder(), "agent") }, "ab".repeat(16));
  symlinkSync(place.folder, elsewhere.folder);
  listen();
  expect(addressAt(elsewhere, "linux")).toBeNull();
  symlinkSync(place.socket, join(place.folder, "link.sock"));
  expect(addressAt({ ...place, socket: join(place.folder, "link.sock") }, "linux")).toBeNull();
});

test("on Windows: address and secret from a file; one that can't be read is none", () => {
  writeFileSync(place.address, JSON.stringify({ url: "http://127.0.0.1:1", secret: "s" }), { mode: 0o600 });
  expect(addressAt(place, "win32")).toEqual({ kind: "tcp", url: "http://127.0.0.1:1", secret: "s" });
  for (const text of ["", "{", "[]", '{"url":1}', "null"]) {
    writeFileSync(place.address, text);
    expect(addressAt(place, "win32")).toBeNull();
  }
});
