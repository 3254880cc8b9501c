/** What `run --mask` and the proxy take out of a stream: every form of a secret, however it is cut, and nothing else. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isMaskable } from "../../src/inject/mask/forms.ts";
import { createMasker, type Masker } from "../../src/inject/mask/masker.ts";
import { Secret } from "../../src/platform/secret.ts";

const ESC = "\x1b";
/** As grep writes it. */
const HIGHLIGHT = `${ESC}[01;31m${ESC}[K`;

type Encode = (secret: string) => string;

const hex = (text: string): string => Buffer.from(text).toString("hex");
const hex2 = (byte: number): string => byte.toString(16).padStart(2, "0");
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const wrapped = (text: string, width: number, end: string): string =>
  text.replace(new RegExp(`.{${width}}(?=.)`, "gu"), `$&${end}`);
const asUnits = (text: string): string =>
  text.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const code = (character: string): number => character.codePointAt(0) ?? 0;
const NAMES: Readonly<Record<string, string>> = {
  ...{ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" },
  ...{ "=": "&equals;", "+": "&plus;", "/": "&sol;", _: "&lowbar;", ".": "&period;" },
};
/** 16 bytes a line, as od writes them. */
const dump = (digits: string, offset: (line: number) => string): string =>
  (digits.match(/.{1,32}/g) ?? [])
    .map((line, at) => (at === 0 ? "" : offset(at)) + line.replace(/../g, " $&"))
    .join("\n")
    .slice(1);

/** Forms whose every byte is of the secret. */
const WHOLE: Readonly<Record<string, Encode>> = {
  plain: (secret) => secret,
  "percent-encoded": encodeURIComponent,
  "percent-encoded in lower case": (secret) =>
    encodeURIComponent(secret).replace(/%../g, (digits) => digits.toLowerCase()),
  "every byte percent-encoded": (secret) => hex(secret).replace(/../g, "%$&"),
  "percent-encoded twice": (secret) => encodeURIComponent(encodeURIComponent(secret)),
  "form-encoded": (secret) => new URLSearchParams({ "": secret }).toString().slice(1),
  "in JSON": (secret) => JSON.stringify(secret).slice(1, -1),
  "in JSON with escaped slashes": (secret) => JSON.stringify(secret).slice(1, -1).replaceAll("/", "\\/"),
  "in JSON of ASCII alone": (secret) =>
    JSON.stringify(secret)
      .slice(1, -1)
      .replace(/[^\x20-\x7e]/g, asUnits),
  "in JSON, all escaped": asUnits,
  "in HTML": (secret) => secret.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
  "in HTML by names": (secret) => secret.replace(/[&<>"'=+/_.]/g, (character) => NAMES[character] ?? character),
  "in HTML as PHP writes it": (secret) =>
    secret.replace(/[^a-z]/gu, (character) => `&#${`${code(character)}`.padStart(3, "0")};`),
  "in HTML, all in hex": (secret) =>
    [...secret].map((character) => `&#x${code(character).toString(16).toUpperCase()};`).join(""),
  "in HTML within HTML": (secret) => secret.replace(/[^a-z]/gu, (character) => `&amp;#${code(character)};`),
  "in JSON within JSON": (secret) => JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1),
  "as bytes of Python": (secret) => hex(secret).replace(/../g, "\\x$&"),
  hex,
  "hex in capitals": (secret) => hex(secret).toUpperCase(),
  "hex in pairs": (secret) => hex(secret).replace(/..(?=.)/g, "$& "),
  "hex with colons": (secret) => hex(secret).replace(/..(?=.)/g, "$&:"),
  "hex, wrapped": (secret) => wrapped(hex(secret), 60, "\n"),
  "bytes as numbers": (secret) => [...Buffer.from(secret)].join(","),
  "a list of bytes": (secret) => [...Buffer.from(secret)].join(", "),
  "a list of bytes, indented": (secret) => [...Buffer.from(secret)].join(",\n  "),
  "a list of bytes in hex": (secret) => [...Buffer.from(secret)].map((byte) => `0x${hex2(byte)}`).join(", "),
  "a list of bytes in hex, indented": (secret) =>
    [...Buffer.from(secret)].map((byte) => `0x${hex2(byte).toUpperCase()}`).join(",\n  "),
  "hex of od": (secret) => dump(hex(secret), (line) => (line * 16).toString(8).padStart(7, "0")),
  "hex of od with hex offsets": (secret) => dump(hex(secret), (line) => (line * 16).toString(16).padStart(6, "0")),
  "hex of od without offsets": (secret) => dump(hex(secret), () => ""),
  "wrapped as a terminal does": (secret) => wrapped(secret, 7, "\r\n"),
  "wrapped as readline does": (secret) => wrapped(secret, 7, " \r"),
  "wrapped as less does": (secret) => wrapped(secret, 7, " \b"),
  "hex, wrapped within a byte": (secret) => wrapped(hex(secret), 7, " \b"),
  "escapes, wrapped within": (secret) => wrapped(hex(secret).replace(/../g, "%$&"), 7, " \b"),
  "partly highlighted": (secret) => secret.replace(/^.{5}/u, `$&${HIGHLIGHT}`),
};

/** Base64 of a text with the secret within. The characters at both its ends are half of its neighbours. */
const BASE64: Readonly<Record<string, Encode>> = {
  base64,
  "base64 at the second offset": (secret) => base64(`a${secret}`),
  "base64 at the third offset": (secret) => base64(`ab${secret}`),
  "base64 of a Basic pair": (secret) => base64(`x-access-token:${secret}`),
  "base64 of a pair with the secret first": (secret) => base64(`${secret}:`),
  base64url: (secret) => Buffer.from(`1${secret}2`).toString("base64url"),
  "base64 in a URL": (secret) => encodeURIComponent(base64(secret)),
  "base64 in JSON": (secret) => base64(secret).replaceAll("/", "\\/").replaceAll("+", "\\u002B"),
  "base64 at 76 columns": (secret) => wrapped(base64(`${"-".repeat(50)}${secret}`), 76, "\n"),
  "base64 at 64 columns": (secret) => wrapped(base64(`${"-".repeat(31)}${secret}`), 64, "\r\n"),
  "wrapped base64 in JSON": (secret) => wrapped(base64(`${"-".repeat(31)}${secret}`), 64, "\\n"),
};

/** Not in any text below. */
const FENCE = "|";
const fenced = (text: string): string => text.replaceAll(FENCE, "");
const token = fc.stringMatching(/^[A-Za-z0-9_.~+/=-]{8,90}$/);
const anySecret = fc
  .oneof(
    token,
    fc.string({ unit: "grapheme", minLength: 8, maxLength: 30 }),
    fc.string({ unit: fc.constantFrom(...'ab%\\"/+&é \u{1f511}'), minLength: 8, maxLength: 20 }),
  )
  // A line end within is a matter of its own; asterisks couldn't be told from the mask.
  .map((text) =>
    fenced(text)
      .replace(/[\r\n*]/g, "")
      .replaceAll(ESC, ""),
  )
  .filter((text) => isMaskable(text) && text.isWellFormed());
const surrounding = fc
  .oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.constantFrom("", "\x1b[0m", "\r\n", "Authorization: Basic "))
  .map((text) => fenced(text).replaceAll("*", ""));
/** Lengths of chunks; 0 is an empty one. */
const cuts = fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 30 });

function through(masker: Masker, bytes: Uint8Array, lengths: readonly number[], pauses = false): Buffer {
  const out: Uint8Array[] = [];
  // Its memory is used again by whoever reads.
  const give = (given: Uint8Array): void => void out.push(new Uint8Array(given));
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths.some((each) => each > 0) ? (lengths[i % lengths.length] as number) : bytes.length;
    const chunk = new Uint8Array(bytes.subarray(at, at + length));
    give(masker.feed(chunk));
    chunk.fill(0);
    if (pauses) give(masker.pause());
    at += length;
  }
  give(masker.end());
  return Buffer.concat(out);
}

function masked(secret: string, text: string, lengths: readonly number[] = [1_000_000], keepsWidth = false): string {
  return through(createMasker([new Secret(secret)], { keepsWidth }), Buffer.from(text), lengths).toString();
}

describe("no form comes out, cut anywhere, and all around it stays as it is", () => {
  for (const [name, encode] of Object.entries(WHOLE))
    test(name, () => {
      fc.assert(
        fc.property(anySecret, surrounding, surrounding, cuts, (secret, before, after, lengths) => {
          // Both are made of the same words at times.
          fc.pre(!`${before}${FENCE}${after}`.includes(secret));
          const form = encode(secret);
          const text = (middle: string): string => `${before}${FENCE}${middle}${FENCE}${after}`;
          const mask = form.replace(/[^\r\n\b]+/g, "[redacted]");
          if (!form.includes(ESC)) expect(masked(secret, text(form), lengths)).toBe(text(mask));
          const stars = form
            .split(HIGHLIGHT)
            .map((part) => part.replace(/[^\r\n\b]/gu, "*"))
            .join(HIGHLIGHT);
          expect(masked(secret, text(form), lengths, true)).toBe(text(stars));
        }),
        { numRuns: 15 },
      );
    });

  for (const [name, encode] of Object.entries(BASE64))
    test(name, () => {
      fc.assert(
        fc.property(token, cuts, (secret, lengths) => {
          const form = encode(secret);
          const text = `${FENCE}${form}${FENCE}`;
          const given = masked(secret, text, lengths, true);
          expect(given.length).toBe(text.length);
          for (let i = 0; i < text.length; i++) if (given[i] !== "*") expect(given[i]).toBe(text[i] as string);
          // All of its characters but for one at each end, where two of its bits and four of another's are.
          expect(given.match(/\*/g)?.length).toBeGreaterThanOrEqual(Math.floor((secret.length * 8) / 6) - 1);
          expect(given).toMatch(/\*[*\s\\n]*\*/);
        }),
        { numRuns: 15 },
      );
    });

  test("a text without the secret isn't changed", () => {
    fc.assert(
      fc.property(anySecret, fc.uint8Array({ maxLength: 300 }), cuts, (secret, bytes, lengths) => {
        const given = through(createMasker([new Secret(secret)]), bytes, lengths, true);
        expect(given.equals(Buffer.from(bytes))).toBe(true);
      }),
    );
  });

  test("a text of pieces of the secret isn't changed", () => {
    fc.assert(
      fc.property(token, fc.array(fc.nat({ max: 200 }), { maxLength: 40 }), cuts, (secret, places, lengths) => {
        const forms = Object.values({ ...WHOLE, ...BASE64 }).map((encode) => encode(secret));
        const pieces = places.map((place) => (forms[place % forms.length] as string).slice(0, place % 7));
        const text = pieces.join(FENCE);
        expect(masked(secret, text, lengths)).toBe(text);
      }),
    );
  });
});

const A_TOKEN = "ghx_16C7e42F292c6912E7710c838347Ae178B4a";

describe("at the edge of vim's screen, which writes a row's last character again and moves the cursor,", () => {
  const forms: Readonly<Record<string, Encode>> = {
    plain: (secret) => secret,
    hex,
    base64,
    "in JSON, all escaped": asUnits,
    "every byte percent-encoded": (secret) => hex(secret).replace(/../g, "%$&"),
  };
  for (const [name, encode] of Object.entries(forms))
    test(name, () => {
      const form = encode(A_TOKEN);
      // From the first character on: one that is passed over too early is seen here.
      for (let at = 1; at < Math.min(form.length, 24); at++) {
        const rows = `${"text ".repeat(9)}${form.slice(0, at)}${form[at - 1]}${ESC}[2;1H${form.slice(at)} end`;
        for (const lengths of [[7], [1_000], [rows.indexOf(ESC), 1_000]]) {
          const given = masked(A_TOKEN, rows, lengths, true);
          expect(given.replace(/\*+[Q=]*/g, "*")).toBe(`${"text ".repeat(9)}*${ESC}[2;1H* end`);
        }
      }
    });
});

describe("what has begun like a secret", () => {
  test("is held back until it is decided, however long that takes", () => {
    const masker = createMasker([new Secret(A_TOKEN)]);
    expect(text(masker.feed(bytes(`see ${A_TOKEN.slice(0, 20)}`)))).toBe("see ");
    for (let i = 0; i < 10; i++) expect(text(masker.pause())).toBe("");
    expect(text(masker.feed(bytes(`${A_TOKEN.slice(20)} there`)))).toBe("[redacted] there");
    expect(text(masker.feed(bytes(A_TOKEN.slice(0, 20))))).toBe("");
    expect(text(masker.feed(bytes("!")))).toBe(`${A_TOKEN.slice(0, 20)}!`);
  });

  test("comes out at once where it tells nothing, and the rest is masked", () => {
    const masker = createMasker([new Secret(A_TOKEN)], { keepsWidth: true });
    for (const typed of ["g", "h", "x", "_", "1"]) {
      masker.feed(bytes(typed));
      expect(masker.isHolding).toBe(true);
      expect(text(masker.pause())).toBe(typed);
      expect(masker.isHolding).toBe(false);
    }
    expect(text(masker.feed(bytes(A_TOKEN.slice(5))))).toBe("*".repeat(35));
  });

  test("gives away no more than three characters that are its own", () => {
    fc.assert(
      fc.property(token, cuts, (secret, lengths) => {
        const masker = createMasker([new Secret(secret)], { keepsWidth: true });
        const given = through(masker, bytes(`|${secret}|`), lengths, true).toString();
        const isKind = /^([a-z]{1,8}[_.-]){1,3}[a-z0-9]{20}/i.test(secret);
        const kind = isKind ? (/^([a-z]{1,8}[_.-]){1,3}/i.exec(secret)?.[0].length ?? 0) : 0;
        expect(given).toMatch(/^\|[^*]*\*+\|$/);
        expect(given.indexOf("*")).toBeLessThanOrEqual(1 + kind + 3);
      }),
    );
  });

  const OF_WORDS = ["correct-horse-battery-staple", "red.fox.blue.whale.and.more", "one_two_three_4a5B6c7D8e9F0a1B2"];
  for (const secret of OF_WORDS)
    test(`gives away no more than three characters of words: ${secret}`, () => {
      const masker = createMasker([new Secret(secret)], { keepsWidth: true });
      const given = through(masker, bytes(`|${secret}|`), [1], true).toString();
      expect(given).toBe(`|${secret.slice(0, 3)}${"*".repeat(secret.length - 3)}|`);
    });

  test("shows what all tokens of its kind begin with", () => {
    const secret = "github_pat_11ABCDE2f3G4h5I6j7K8_more";
    const masker = createMasker([new Secret(secret)], { keepsWidth: true });
    expect(text(masker.feed(bytes("github_pat_11A")))).toBe("");
    expect(text(masker.pause())).toBe("github_pat_11A");
    expect(text(masker.feed(bytes(secret.slice(14))))).toBe("*".repeat(secret.length - 14));
  });

  test("is no secret at the end", () => {
    const masker = createMasker([new Secret(A_TOKEN)]);
    masker.feed(bytes(A_TOKEN.slice(0, 30)));
    expect(text(masker.end())).toBe(A_TOKEN.slice(0, 30));
  });

  test("is held back within bounds, whatever comes between", () => {
    const masker = createMasker([new Secret(A_TOKEN)]);
    let given = masker.feed(bytes(A_TOKEN.slice(0, 20))).length;
    for (let i = 0; i < 1000; i++) given += masker.feed(bytes("\x1b[0m\n".repeat(10))).length;
    expect(20 + 1000 * 50 - given).toBeLessThan(4096);
  });
});

describe("several secrets", () => {
  const secrets = ["abcd1234efgh", "abcd1234efghijkl", "ijklmnopqrst", "xyzxyzxyz"].map((value) => new Secret(value));
  const cases: Readonly<Record<string, readonly [text: string, masked: string]>> = {
    "one that begins another": ["-abcd1234efgh-abcd1234efghijkl-", "-[redacted]-[redacted]-"],
    "two that overlap": ["-abcd1234efghijklmnopqrst-", "-[redacted]-"],
    "one that overlaps itself": ["-xyzxyzxyzxyzx-xyzxyz-", "-[redacted]x-xyzxyz-"],
    "one behind another": ["ijklmnopqrstijklmnopqrst", "[redacted]"],
  };
  for (const [name, [given, expected]] of Object.entries(cases))
    for (const length of [1, 5, 1000])
      test(`${name}, in chunks of ${length}`, () => {
        expect(through(createMasker(secrets), bytes(given), [length]).toString()).toBe(expected);
      });

  test("one that is added later is masked from then on, and what has begun goes on", () => {
    const masker = createMasker([new Secret(A_TOKEN)]);
    expect(text(masker.feed(bytes(`rotated0token ${A_TOKEN.slice(0, 30)}`)))).toBe("rotated0token ");
    expect(masker.add(new Secret("rotated0token"))).toBe(true);
    expect(text(masker.feed(bytes(`${A_TOKEN.slice(30)} rotated0token.`)))).toBe("[redacted] [redacted].");
  });

  test("a hundred, and one of 10 KiB", () => {
    const many = Array.from({ length: 100 }, (_, i) => `${Bun.hash(`${i}`).toString(36)}${i}`);
    const long = Array.from({ length: 1500 }, (_, i) => Bun.hash.crc32(`${i}`).toString(36)).join("_");
    const masker = createMasker([...many, long].map((value) => new Secret(value)));
    const given = through(masker, bytes(`${many.join(" ")} ${long} ${base64(long)} end`), [4096], true).toString();
    expect(given).toBe(`${"[redacted] ".repeat(101)}${given.slice(11 * 101)}`);
    expect(given).toMatch(/ [A-Za-z0-9+/]?\[redacted\][\w+/=]{0,2} end$/);
  });
});

describe("a secret of several lines", () => {
  const body = Array.from({ length: 4 }, (_, i) => Bun.SHA512.hash(`${i}`, "base64").slice(0, 64));
  const key = ["-----BEGIN PRIVATE KEY-----", ...body, "-----END PRIVATE KEY-----", ""].join("\n");
  const ways: Readonly<Record<string, Encode>> = {
    "as it is": (all) => all,
    "by a terminal": (all) => all.replaceAll("\n", "\r\n"),
    "in JSON": (all) => JSON.stringify(all),
    "in JSON of Windows": (all) => JSON.stringify(all.replaceAll("\n", "\r\n")),
    "on one line": (all) => all.replaceAll("\n", " "),
    "without line ends": (all) => all.replaceAll("\n", ""),
    indented: (all) => all.replaceAll("\n", "\n    "),
    "in a URL": encodeURIComponent,
    base64,
    "base64 of Windows": (all) => wrapped(base64(all.replaceAll("\n", "\r\n")), 76, "\r\n"),
    "some of its lines": (all) => all.split("\n").slice(1, 3).join(" \n> "),
  };
  for (const [name, encode] of Object.entries(ways))
    test(name, () => {
      for (const length of [1, 50, 10_000]) {
        const given = through(createMasker([new Secret(key)]), bytes(`<${encode(key)}>`), [length]).toString();
        expect(given).toContain("[redacted]");
        const base = encode(key).replace(/[^A-Za-z0-9+/]/g, "");
        const left = given.replaceAll("[redacted]", "").replace(/[^A-Za-z0-9+/]/g, "");
        for (const line of [...body, ...(base.match(/.{20}/g) ?? [])]) expect(left).not.toContain(line.slice(0, 20));
      }
    });

  test("the line that begins every key is no secret", () => {
    expect(masked(key, "-----BEGIN PRIVATE KEY-----\nother")).toBe("-----BEGIN PRIVATE KEY-----\nother");
  });
});

test("a value that ordinary text may have in it is left out", () => {
  const masker = createMasker([]);
  for (const value of ["", "a", "true", "1234567", "\u{1f511}\u{1f511}\u{1f511}\u{1f511}"]) {
    expect(isMaskable(value)).toBe(false);
    expect(masker.add(new Secret(value))).toBe(false);
  }
  expect(text(masker.feed(bytes("a true 1234567")))).toBe("a true 1234567");
});

function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

function text(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}
