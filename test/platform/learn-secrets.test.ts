/** A text from outside is searched for credentials first, so that nothing of it can be repeated in clear. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { HttpReply } from "../../src/platform/http.ts";
import { learnSecrets } from "../../src/platform/learn-secrets.ts";
import { outsideWords, redact, redactJson } from "../../src/platform/redact.ts";
import { traced } from "../../src/platform/trace.ts";

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
    "a form within a form": (value) => `state=x&back=${encodeURIComponent(`a=b&refreshTkn=${value}`)}`,
    "a list": (value) => JSON.stringify({ refresh_token: [value] }),
    "a list of groups": (value) => JSON.stringify({ tokens: [{ kind: "a", held: [{ it: value }] }] }),
    "a name with an escape in it": (value) => `{"refresh_t\\u006fken":"${value}"}`,
    "a name that occurs twice": (value) => `{"refresh_token":"${value}","refresh_token":"another"}`,
    "a prefix in camel case": (value) => JSON.stringify({ newRefresh: value }),
    "a shortened name": (value) => JSON.stringify({ refreshTkn: value }),
    "a name in capitals": (value) => JSON.stringify({ "X-REFRESH-TOKEN-VALUE": value }),
    "an object for a token": (value) => JSON.stringify({ token: { id: value, user: { name: "alice" } } }),
    "an API key": (value) => JSON.stringify({ key: value }),
    "a private JSON Web Key": (value) => JSON.stringify({ keys: [{ kty: "EC", kid: "one", d: value }] }),
    "a value with its scheme": (value) => JSON.stringify({ token: `Bearer ${value}` }),
    "a text about it": (value) => JSON.stringify({ message: `stored, but "refresh_token": "${value}" was not` }),
    "a sentence's end": (value) => `Invalid refresh_token: ${value}.`,
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

  test("nor what describes a credential, an error's code, a person, an address", () => {
    const replies = [
      { token_type: "Bearer", tokenType: "DPoP", refresh_token_expires_in: "86400", scope: "read write" },
      { error: { code: "AADSTS700082", key: "errors.auth.e42expired", message: "The key e42expired is unknown" } },
      { error: "invalid_grant", code: "E1234567", error_codes: ["AADSTS50058"] },
      { device_code: "x".repeat(20), user_code: "WDJB-MJHT12", verification_uri: "https://example.com/device1" },
      { token_endpoint: "https://example.com/token", token_endpoint_auth_methods_supported: ["client_secret_post"] },
      { keys: [{ kty: "RSA", kid: "key-of-2026", alg: "RS256", use: "sig", n: "AQAB12345678", e: "AQAB" }] },
      {
        token: {
          type: "by-reference",
          created_at: "2026-11-26T19:00:00Z",
          user: { name: "alice", email: "a@b.example" },
        },
      },
      { key: "abc", country_code: "DE", session: "open", public_key: "ssh-ed25519 AAAAC3NzaC1" },
    ];
    for (const reply of replies) learnSecrets(JSON.stringify(reply));
    for (const word of [
      ...["Bearer", "DPoP", "86400", "read write", "AADSTS700082", "errors.auth.e42expired", "E1234567", "AADSTS50058"],
      ...["WDJB-MJHT12", "https://example.com/device1", "https://example.com/token", "client_secret_post"],
      ...[
        "key-of-2026",
        "RS256",
        "AQAB12345678",
        "by-reference",
        "2026-11-26T19:00:00Z",
        "alice",
        "a@b.example",
        "AAAAC3NzaC1",
      ],
    ])
      expect(redact(word)).toBe(word);
  });

  test("however short it is, and whatever characters it has", () => {
    for (const value of [
      "sk-1",
      "correct horse battery staple",
      "abcdefgh,sekretB;zz",
      "a{b}c",
      "half\ud800",
      'q"u<o>te&',
    ])
      for (const name of ["refresh_token", "password", "clientSecret"]) {
        learnSecrets(JSON.stringify({ [name]: value }));
        expect(redact(`bad ${value}!`)).toBe("bad [redacted]!");
      }
  });

  test("of a hostile size or depth, it is learnt in a moment", () => {
    const started = performance.now();
    learnSecrets(`${'{"token":['.repeat(8_000)}"${token()}"${"]}".repeat(8_000)}`);
    learnSecrets("a=".repeat(32_000));
    learnSecrets(`token${" ".repeat(64_000)}`);
    learnSecrets("x".repeat(64_000));
    learnSecrets("token:".repeat(10_000));
    learnSecrets("token:http://".repeat(10_000));
    learnSecrets(JSON.stringify({ token: `${"\\".repeat(64_000)}x` }));
    for (let i = 0; i < 900; i++) learnSecrets(JSON.stringify({ token: `invalid${"a".repeat(30)}${i}` }));
    learnSecrets('token:\\"'.repeat(7_000));
    const many = Array.from({ length: 5_000 }, token);
    learnSecrets(JSON.stringify({ token: many }));
    // One that holds more is not to be read.
    expect(learnSecrets(JSON.stringify({ token: Array.from({ length: 15_000 }, token) }))).toBe(false);
    for (const value of many) expect(redact(`a text with ${value} in it`)).toBe("a text with [redacted] in it");
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

/**
 * Replies as providers make them up: a credential under a name that shows it (in any notation, at any depth, in a list),
 * and its value in the reply's other texts. Values begin and end with each other, and have any character that a token may
 * have (RFC 6749 Appendix A: VSCHAR).
 */
describe("whatever a reply looks like", () => {
  const letters = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) });
  const part = letters.map((text) => `${text}Zq7`).filter((text) => text.length >= 4 && text.length <= 40);
  /** `a`, `ab`, `bc`, `c`: each begins or ends as another one. */
  const secrets = fc
    .tuple(part, part, part)
    .map(([a, b, c]) => [a, a + b, b + c, c])
    .filter((values) => values.every((value) => !/^(https?:|bearer|basic|dpop)|\\\\$/i.test(value)));
  const names = fc.constantFrom(
    ...["access_token", "refresh_token", "newRefresh", "refreshTkn", "CLIENT-SECRET", "password", "id.token"],
    ...["x_jwt", "client_assertion", "apiKey", "credentials", "deviceCode", "authTokens"],
  );
  const group = fc.constantFrom("data", "result", "0", "inner");
  const wrapped = (value: unknown, shape: number, within: string): unknown =>
    [value, [value], [[value], 1], { it: value }, { [within]: [{ it: value }] }][shape % 5];
  const reply = fc.tuple(
    secrets,
    fc.array(names, { minLength: 4, maxLength: 4 }),
    group,
    fc.array(fc.nat(99), { minLength: 4, maxLength: 4 }),
    fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
    fc.nat(2),
  );

  test("no secret of it, and no half of one, is left in any text that is made of it", async () => {
    await fc.assert(
      fc.asyncProperty(reply, async ([values, titles, within, shapes, order, layers]) => {
        const said = `bad ${order.map((i) => values[i]).join(" and ")}!`;
        let body: Record<string, unknown> = { error: values[order[0] ?? 0], error_description: said, message: said };
        for (const i of order) {
          const held = { [titles[i] ?? ""]: wrapped(values[i], shapes[i] ?? 0, within) };
          body = { ...body, [`${within}${i}`]: (shapes[i] ?? 0) > 60 ? JSON.stringify(held) : held };
        }
        for (let layer = 0; layer < layers; layer++) body = { error: body.error, [within]: body };
        const text = JSON.stringify(body);
        const lines: string[] = [];
        const http = traced(
          async () => ({ status: 400, headers: new Headers(), body: new TextEncoder().encode(text) }) as HttpReply,
          (line) => void lines.push(line),
        );
        await http({ method: "GET", url: "https://example.com/" });
        learnSecrets(text);
        const sinks = [
          redact(said),
          outsideWords(said, 9_999),
          JSON.stringify(redactJson(body)),
          redact(text),
          ...lines,
        ];
        for (const value of values)
          for (const piece of [value, ...halvesOf(value)])
            for (const sink of sinks) if (sink.includes(piece)) throw new Error(`${piece} is left in ${sink}`);
      }),
      { numRuns: 300 },
    );
  });

  function halvesOf(value: string): string[] {
    const half = Math.ceil(value.length / 2);
    return half < 8 ? [] : [value.slice(0, half), value.slice(-half)];
  }
});
