/** "Try again" is said of what may pass by itself, and of nothing else. */
import { expect, test } from "bun:test";
import { classifyReply, laterOrWhere } from "../../src/oauth/classify.ts";
import { OAuthFailure } from "../../src/oauth/types.ts";
import { HttpError, type HttpFailure } from "../../src/platform/http-failure.ts";
import { withDefaults } from "../../src/providers/defaults.ts";

const dialect = withDefaults({ id: "acme", title: "ACME", flows: ["device"] });

test("a reply that the same request will get again names the address to check", () => {
  for (const status of [301, 400, 403, 404, 405, 410])
    expect(laterOrWhere(classifyReply({ status, headers: {}, body: new Uint8Array() }, null, dialect, 0))).toContain(
      "Check the address",
    );
  expect(laterOrWhere(new OAuthFailure({ class: "transient", reason: "unreadable", unreadable: true }))).toContain(
    "Check the address",
  );
});

test("the server's own trouble, and a code that says so, passes", () => {
  for (const status of [408, 425, 429, 500, 502, 503, 504])
    expect(laterOrWhere(classifyReply({ status, headers: {}, body: new Uint8Array() }, null, dialect, 0))).toBe(
      "Try again later.",
    );
  const busy = { error: "temporarily_unavailable" };
  expect(laterOrWhere(classifyReply({ status: 400, headers: {}, body: new Uint8Array() }, busy, dialect, 0))).toBe(
    "Try again later.",
  );
});

test("without a reply: what to look at, where there is something", () => {
  const passing: HttpFailure[] = ["connection timed out", "connection lost", "interrupted", "proxy timed out"];
  const lasting: HttpFailure[] = ["host not found", "connection refused", "redirected", "reply too large"];
  for (const failure of passing) expect(new HttpError(failure, "https://acme.example").remedy).toBe("Try again.");
  for (const failure of lasting)
    expect(new HttpError(failure, "https://acme.example").remedy).toMatch(/heck the address/);
});
