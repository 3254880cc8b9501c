import { describe, expect, test } from "bun:test";
import { learnSecrets, outsideWords } from "../../src/platform/outside.ts";
import { redact } from "../../src/platform/redact.ts";

let count = 0;
/** Another one each time: what is known as secret stays known to the process. */
const token = (): string => `rt_${++count}_${crypto.randomUUID().replaceAll("-", "")}`;

describe("a credential in a reply is known as secret, wherever it is in", () => {
  const notations: Readonly<Record<string, (value: string) => string>> = {
    JSON: (value) => JSON.stringify({ access_token: "x", refresh_token: value }),
    "a group of JSON": (value) => JSON.stringify({ data: [{ user: { refreshToken: value } }] }),
    "JSON in JSON": (value) => JSON.stringify({ message: JSON.stringify({ refresh_token: value }) }),
    "JSON cut short": (value) => `{"expires_in":3600,"refresh_token":"${value}`,
    "JSON with escaped slashes": (value) => `{"refresh_token":"${value}\\/x"}`,
    "a form": (value) => `scope=a&refresh_token=${value}&token_type=bearer`,
    "a page": (value) => `<pre>refresh_token: ${value}</pre>`,
    "a header line": (value) => `curl -H 'Authorization: Bearer ${value}'`,
  };
  for (const [name, write] of Object.entries(notations))
    test(name, () => {
      const value = token();
      learnSecrets(write(value));
      const secret = write(value).includes("\\/x") ? `${value}/x` : value;
      expect(redact(`a text with ${secret} in it`)).toBe("a text with [redacted] in it");
    });

  test("but not the protocol's own words", () => {
    learnSecrets(
      '{"error":{"token":"invalid_token"},"supported":["refresh_token","client_secret"],"secret":"required"}',
    );
    learnSecrets("Bearer authentication is required; token: expired_token");
    for (const word of ["invalid_token", "refresh_token", "required", "authentication", "expired_token"])
      expect(redact(word)).toBe(word);
  });
});

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
