import { expect, test } from "bun:test";
import { asAuthError, errorJson, errorLines, worst } from "../../src/cli/exit.ts";
import { AuthError } from "../../src/platform/errors.ts";
import { HttpError } from "../../src/platform/http-failure.ts";

test("of several results the worst counts, in the order 8 9 4 6 5 2 3 1", () => {
  expect(worst([])).toBe(0);
  expect(worst([0, 0])).toBe(0);
  expect(worst([1, 0, 3])).toBe(3);
  expect(worst([2, 3, 5])).toBe(5);
  expect(worst([5, 6])).toBe(6);
  expect(worst([6, 4])).toBe(4);
  expect(worst([4, 9])).toBe(9);
  expect(worst([1, 2, 3, 4, 5, 6, 8, 9])).toBe(8);
});

test("an error is words, then what to do", () => {
  const error = new AuthError("login_required", "acme:work is not logged in.", { hint: "Run 'auth login acme:work'." });
  expect(errorLines(error)).toEqual(["Error: acme:work is not logged in.", "Run 'auth login acme:work'."]);
  expect(errorLines(new AuthError("busy", "It is busy."))).toEqual(["Error: It is busy."]);
});

test("as JSON it is one line, with the exit code the process really has", () => {
  const error = new AuthError("login_required", "two\nlines", { hint: "do", connection: "acme:work" });
  const text = errorJson(error, 125, []);
  expect(text).not.toContain("\n");
  expect(JSON.parse(text)).toEqual({
    error: { code: "login_required", message: "two\nlines", hint: "do", exitCode: 125, connection: "acme:work" },
  });
});

test("what isn't ours is internal: one line, no trace", () => {
  const { code, message } = asAuthError(new TypeError("x is undefined\n    at main (/$bunfs/root/main.js:1:1)"));
  expect({ code, message }).toEqual({ code: "internal", message: "x is undefined." });
  expect(asAuthError("a thrown string").message).toBe("a thrown string.");
  expect(asAuthError(undefined).code).toBe("internal");
  expect(asAuthError(Object.assign(new Error("write failed"), { code: "ENOSPC" })).message).toContain("no space");
});

test("a request that failed outside a refresh is a network error", () => {
  const error = asAuthError(new HttpError("connection refused", "https://issuer.example/x?code=1"));
  expect(error.code).toBe("network");
  expect(error.message).not.toContain("code=1");
});
