/** What the comments of a catalogue's manifest promise: when it was looked up, and what a dead refresh token looks like. */
import { describe, expect, test } from "bun:test";
import { deadTokenOf, lookUpsOf, notesOf, sourcesOf } from "../../.ci/catalogue-notes.ts";
import { catalog } from "../../providers/catalog/index.ts";
import { classifyReply } from "../../src/oauth/classify.ts";
import { flowsOf } from "../../src/providers/flows.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import { REQUIRED } from "./required-settings.ts";

const manifests = await Promise.all(
  Object.entries(catalog).map(async ([id, load]) => ({
    id,
    definition: (await load()).default,
    text: await Bun.file(new URL(`../../providers/catalog/${id}.toml`, import.meta.url)).text(),
  })),
);

test("each says when it was looked up", () => {
  for (const { id, text } of manifests) {
    const [first] = lookUpsOf(text);
    const wanted = "a line '# looked up: <year-month-day>.'";
    expect({ id, wanted, of: first?.what }).toEqual({ id, wanted, of: null });
  }
});

test("each that has logins by OAuth says what a dead refresh token looks like, or that it isn't known; no other does", () => {
  for (const { id, definition, text } of manifests) {
    const refreshes = flowsOf(definition).some(({ flow }) => flow === "browser" || flow === "device");
    const wanted = refreshes
      ? "one line '# dead refresh token: unknown.', or as docs/providers.md has it"
      : "no such line";
    const lines = notesOf(text, "dead refresh token").length;
    expect({ id, wanted, isSo: lines === (refreshes ? 1 : 0) }).toEqual({ id, wanted, isSo: true });
  }
});

test("what is said of it is known with a source, or one of two sentences", () => {
  for (const { id, text } of manifests) {
    const dead = deadTokenOf(text);
    if (dead === null || dead.seen !== null) continue;
    expect({ id, words: dead.words }).toEqual({ id, words: expect.stringMatching(/^(unknown|none is given)$/) });
  }
});

describe("a dead refresh token ends the login, as the provider answers it", () => {
  for (const { id, definition, text } of manifests) {
    const dead = deadTokenOf(text);
    if (dead === null || dead.seen === null) continue;
    const { status, body } = dead.seen;
    test(id, () => {
      const { dialect } = resolveProvider(definition, REQUIRED[id] ?? {});
      const answer = JSON.parse(body);
      const raw = { status: status ?? 400, headers: {}, body: new TextEncoder().encode(body) };
      const failure = classifyReply(raw, answer, dialect, Date.now());
      expect({ class: failure.class, inDoubt: failure.inDoubt }).toEqual({ class: "dead", inDoubt: false });
      expect(dead.sources).not.toBeEmpty();
    });
  }
});

const TEXT = `# Acme: tokens of an hour.
# not sayable yet: that its word
# is another.
# looked up: 2026-11-25.
# looked up: 2026-11-27, the revocation.
# dead refresh token: HTTP 400 {"error":{"code":7}}
# (https://acme.example/errors).
id = "acme"
# https://acme.example/scopes.
[scopes]
`;

test("a note ends at the next one, or with its sentence", () => {
  expect(notesOf(TEXT, "not sayable yet")).toEqual(["that its word is another."]);
  expect(notesOf(TEXT, "looked up")).toEqual(["2026-11-25.", "2026-11-27, the revocation."]);
  expect(lookUpsOf(TEXT)).toEqual([
    { date: "2026-11-25", what: null },
    { date: "2026-11-27", what: "the revocation" },
  ]);
});

test("a date that is none is refused", () => {
  expect(() => lookUpsOf("# looked up: yesterday.\n")).toThrow("not a date");
});

test("an answer is read with its status, its body and its sources", () => {
  const dead = deadTokenOf(TEXT);
  expect(dead?.seen).toEqual({ status: 400, body: '{"error":{"code":7}}' });
  expect(dead?.sources[0]).toBe("https://acme.example/errors");
  expect(
    deadTokenOf('# dead refresh token: HTTP 4xx {"error":"x"} (https://acme.example).\n')?.seen?.status,
  ).toBeNull();
  expect(deadTokenOf("# dead refresh token: unknown.\n")).toEqual({ seen: null, words: "unknown", sources: [] });
  expect(deadTokenOf('id = "acme"\n')).toBeNull();
});

test("the sources of a file are the addresses in its comments", () => {
  expect(sourcesOf(TEXT)).toContain("https://acme.example/scopes");
  expect(sourcesOf('docs = "https://acme.example"\n')).toEqual([]);
});
