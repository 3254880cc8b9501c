import { expect, test } from "bun:test";
import { asAuthError, EXIT_CODES, errorJson, errorLines, worst } from "../../src/cli/exit.ts";
import { AuthError } from "../../src/platform/errors.ts";
import { HttpError } from "../../src/platform/http-failure.ts";

test("each error code has the exit code of the contract", () => {
  const contract: Record<number, string> = {
    1: "internal check_failed upgrade_unavailable import_refused setup_refused",
    2: "connection_not_found provider_not_found nothing_to_inject",
    3: "no_refresh_token env_token api_key",
    4: "refresh_token_invalid refresh_refused rotation_lost interaction_required login_required token_expired token_refused insufficient_scope",
    5: "network provider_unavailable rate_limited busy vault_unreachable",
    6: "client_missing client_rejected client_mismatch origin_mismatch scope_rejected",
    7: "access_denied login_timeout token_rejected",
    8: "vault_locked vault_corrupt vault_unwritable key_invalid vault_replaced vault_rolled_back",
    9: "plugin_untrusted plugin_invalid release_untrusted file_untrusted",
    64: "usage ambiguous_connection",
    130: "interrupted",
  };
  const expected = Object.entries(contract).flatMap(([exit, codes]) =>
    codes.split(" ").map((code) => [code, Number(exit)]),
  );
  expect(Object.fromEntries(expected)).toEqual(EXIT_CODES);
});

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
