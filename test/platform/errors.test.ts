import { expect, test } from "bun:test";
import { AuthError } from "../../src/platform/errors.ts";

test("an error that is put otherwise keeps all that isn't changed, the provider's words too", () => {
  const error = new AuthError("client_rejected", "It refused.", {
    hint: "Do.",
    connection: "a:b",
    detail: "Its words.",
  });
  const { code, message, hint, connection, detail, cause } = error.restated({ message: "It refused all." });
  expect({ code, message, hint, connection, detail }).toEqual({
    code: "client_rejected",
    message: "It refused all.",
    hint: "Do.",
    connection: "a:b",
    detail: "Its words.",
  });
  expect(cause).toBe(error);
});
