import { describe, expect, test } from "bun:test";
import { learnSecrets } from "../../src/platform/learn-secrets.ts";
import { outsideWords } from "../../src/platform/redact.ts";

let count = 0;
/** Another one each time: what is known as secret stays known to the process. */
const token = (): string => `rt_${++count}_${crypto.randomUUID().replaceAll("-", "")}`;

describe("a provider's words", () => {
  test("lose what looks like a credential, though nobody knows it", () => {
    for (const secret of [
      token(),
      "gho_16C7e42F292c6912E7710c838347Ae178B4a",
      "ya29.a0AfH6SMBx3kPqRsTuVwXyZ0123456789",
    ])
      expect(outsideWords(`no session for ${secret}.`)).not.toContain(secret.slice(-16));
  });

  test("keep what helps to find the fault", () => {
    for (const text of [
      "AADSTS50058: A silent sign-in request was sent but no user is signed in. Trace ID: 8f1b0f2e-9a3c-4c1e-b5d7-2f6a7c9e0d11",
      "The code_challenge_method must be S256",
      "urn:ietf:params:oauth:grant-type:device_code is not enabled for this client",
      "Timestamp: 2026-11-26 17:00:00Z",
      "See https://developer.example.com/docs/troubleshooting/errors",
      "Application with identifier '6731de76-14a6-49ae-97bc-6eba6914391e' was not found in the directory",
    ])
      expect(outsideWords(text)).toBe(text);
  });

  test("are on one line, harmless, and not longer than 200 characters", () => {
    expect(outsideWords("\u001b[2Jall is well\n\u202eError")).toBe("\\x1b[2Jall is well\\n\\u202eError");
    expect(outsideWords("word ".repeat(100)).length).toBe(200);
  });

  test("are redacted before they are cut", () => {
    const value = token();
    learnSecrets(`refresh_token=${value}`);
    expect(outsideWords(`${"word ".repeat(37)}${value}`)).not.toContain(value.slice(0, 6));
  });
});
