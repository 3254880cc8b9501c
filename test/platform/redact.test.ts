import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { learnSecrets } from "../../src/platform/learn-secrets.ts";
import { holdsSecret, maskHeld, outsideWords, redact } from "../../src/platform/redact.ts";
import { knowSecret, mayHoldSecret, Secret } from "../../src/platform/secret.ts";

const secret = 'p/Q+r "s"=&%\\ é_ghu_16C7e42F292c6912E7';
new Secret(secret);

/** How a secret travels. Each must be recognised, and each is checked to hold the secret in fact. */
const encodings: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  json: (text) => JSON.stringify({ token: text }),
  "percent-encoded": (text) => encodeURIComponent(text),
  "percent-encoded in lower case": (text) => encodeURIComponent(text).replace(/%../g, (digits) => digits.toLowerCase()),
  "form-encoded": (text) => new URLSearchParams({ token: text }).toString(),
  base64: (text) => Buffer.from(text).toString("base64"),
  base64url: (text) => Buffer.from(text).toString("base64url"),
  "base64 of id:secret": (text) => Buffer.from(`id:${text}`).toString("base64"),
  "base64 of client:secret": (text) => Buffer.from(`client:${text}`).toString("base64"),
  "base64 in the middle": (text) => Buffer.from(`a${text}zz`).toString("base64"),
  "JSON with escaped slashes": (text) => JSON.stringify({ token: text }).replaceAll("/", "\\/"),
  "JSON of ASCII alone": (text) =>
    JSON.stringify(text).replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
  "JSON in JSON": (text) => JSON.stringify(JSON.stringify(text)),
  "every byte percent-encoded": (text) => Buffer.from(text).toString("hex").replace(/../g, "%$&"),
  "a Basic pair": (text) => btoa(`id:${new URLSearchParams({ "": text }).toString().slice(1)}`),
  "bytes as numbers": (text) => [...Buffer.from(text)].join(","),
  "hex in pairs": (text) => Buffer.from(text).toString("hex").replace(/../g, "$& ").trim(),
  hex: (text) => Buffer.from(text).toString("hex"),
  "hex in capitals": (text) => Buffer.from(text).toString("hex").toUpperCase(),
};

for (const [name, encode] of Object.entries(encodings))
  test(`a known secret is masked: ${name}`, () => {
    const encoded = encode(secret);
    const masked = redact(`before ${encoded} after`);
    expect(masked).toContain("[redacted]");
    expect(masked).toStartWith("before ");
    expect(masked).toEndWith(" after");
    // Nothing long enough to be of use is left of it.
    for (let i = 0; i + 12 <= encoded.length; i++) {
      const piece = encoded.slice(i, i + 12);
      if (!'\\"{"token":"'.includes(piece.slice(0, 4))) expect(masked).not.toContain(piece);
    }
  });

describe("secrets that begin or end as another one are masked whole", () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    "a beginning, known first": ["acc_AAAA1111zz", "acc_AAAA1111zz.TAILSEK"],
    "a beginning, known last": ["bcc_AAAA1111zz.TAILSEK", "bcc_AAAA1111zz"],
    "an end, known first": ["ccSEKRET77", "head-ccSEKRET77"],
    "an overlap": ["ddd-MIDDLE55", "MIDDLE55-eee"],
    "a secret that overlaps itself": ["abcabcab"],
  };
  for (const [name, secrets] of Object.entries(cases))
    test(name, () => {
      for (const value of secrets) new Secret(value);
      for (const value of secrets)
        for (const form of [value, encodeURIComponent(value), Buffer.from(value).toString("hex")])
          expect(redact(`before ${form} after`)).toBe("before [redacted] after");
    });

  test("both of two that overlap in the text", () => {
    expect(redact("x ddd-MIDDLE55-eee y abcabcabcab z")).toBe("x [redacted] y [redacted] z");
  });
});

test("a text without a secret stays as it is", () => {
  expect(redact("GET https://example.com/ 200")).toBe("GET https://example.com/ 200");
});

test("a secret of a few characters isn't looked for: it would be found everywhere", () => {
  new Secret("abc");
  expect(redact("abcdef")).toBe("abcdef");
});

test("any secret in any text is masked in Base64", () => {
  const token = fc.stringMatching(/^[A-Za-z0-9_-]{16,80}$/);
  fc.assert(
    fc.property(token, fc.string({ maxLength: 9 }), fc.string({ maxLength: 9 }), (value, before, after) => {
      new Secret(value);
      const masked = redact(Buffer.from(before + value + after).toString("base64"));
      expect(masked).toContain("[redacted]");
    }),
    { numRuns: 50 },
  );
});

let count = 0;
/** Another one each time: what is known as secret stays known to the process. */
const token = (): string => `rt_${++count}_${crypto.randomUUID().replaceAll("-", "")}`;

describe("a provider's words", () => {
  test("lose what looks like a credential, though it is not a known one", () => {
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

describe("a secret that is a short word", () => {
  test("is masked as a word, and not within one", () => {
    new Secret("open");
    expect(redact("open, openid, reopen, open_door, [open]:open")).toBe(
      "[redacted], openid, reopen, open_door, [[redacted]]:[redacted]",
    );
  });

  test("is masked in every encoding all the same", () => {
    expect(redact(Buffer.from("open").toString("hex"))).toBe("[redacted]");
  });
});

describe("our own lines", () => {
  const token = "ghx_16C7e42F292c6912E7710c838347";

  test("lose a secret that is held and can be no word of ours, in every encoding", () => {
    new Secret(token);
    for (const form of [token, Buffer.from(token).toString("base64"), Buffer.from(token).toString("hex")])
      expect(maskHeld(`at ${form}.`)).not.toContain(form);
  });

  test("lose any such secret in any encoding", () => {
    const random = fc.tuple(fc.stringMatching(/^[\w~+/=-]{12,60}$/), fc.constantFrom("9k2X7", "Ab3Cd0Ef"));
    fc.assert(
      fc.property(random, fc.constantFrom(...Object.keys(encodings)), ([text, mixed], name) => {
        const value = mixed.slice(0, 3) + text + mixed;
        new Secret(value);
        const encoded = encodings[name]?.(value) ?? "";
        expect(maskHeld(`at ${encoded}.`)).toContain("[redacted]");
      }),
      { numRuns: 300 },
    );
  });

  test("that can hold none aren't searched: such as run prints each time", () => {
    for (const line of [
      "Injected github:work \u2192 GITHUB_TOKEN, GH_TOKEN.",
      "Injected google:somebody@example.com \u2192 GOOGLE_TOKEN.",
      "✓ Logged in to github:default; expiry unknown.",
    ])
      expect(mayHoldSecret(line)).toBe(false);
  });

  test("keep every other one, even if it is said to be a secret", () => {
    const words = [
      "invalid_grant",
      "auth login oidc:127.0.0.1-8080",
      "id-2024.issuer-0001.example.com",
      "event",
      "secret",
    ];
    for (const word of words) {
      new Secret(word);
      knowSecret(word);
      expect(maskHeld(`{"event":"${word}"}`)).toBe(`{"event":"${word}"}`);
    }
    // What only a reply calls a token may be a client's id.
    knowSecret("k9XbQ27TzLmPw4RvAsD83Fh1");
    expect(maskHeld("--client-id k9XbQ27TzLmPw4RvAsD83Fh1")).toBe("--client-id k9XbQ27TzLmPw4RvAsD83Fh1");
  });
});

describe("however many secrets, and however alike", () => {
  test("the longest at each place is found: as if each was looked for", () => {
    const part = fc.stringMatching(/^kq[ab1]{0,4}$/);
    const secret = fc.array(part, { minLength: 2, maxLength: 4 }).map((parts) => parts.join(""));
    const text = fc.array(fc.oneof(part, fc.constantFrom(" ", "k", "1")), { maxLength: 14 });
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 5 }), text, (values, parts) => {
        for (const value of values) {
          knowSecret(value);
          known.add(value);
        }
        expect(redact(parts.join(""))).toBe(oneByOne(parts.join("")));
      }),
      { numRuns: 500 },
    );
  });

  const known = new Set<string>();
  function oneByOne(text: string): string {
    const found: [start: number, end: number][] = [];
    for (const value of known)
      for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
        const around = `${text[at - 1] ?? ""}${text[at + value.length] ?? ""}`;
        if (value.length >= 8 || !/^[a-z]+$/.test(value) || !/\w/.test(around)) found.push([at, at + value.length]);
      }
    let masked = "";
    let end = 0;
    for (const [from, to] of found.sort(([a], [b]) => a - b)) {
      if (from >= end) masked += `${text.slice(end, from)}[redacted]`;
      end = Math.max(end, to);
    }
    return masked + text.slice(end);
  }

  test("a text is searched in a moment, and a very long one is masked whole", () => {
    for (let i = 0; i < 5_000; i++) knowSecret(`${"z".repeat(20)}b${i}`);
    const began = performance.now();
    expect(redact("z".repeat(8_000))).toBe("z".repeat(8_000));
    expect(holdsSecret("z".repeat(8_000))).toBe(false);
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(redact("z".repeat(9_000))).toBe("[redacted]");
    expect(holdsSecret("z".repeat(9_000))).toBe(true);
  });
});
