/** Which URLs may be spoken to, and when two are the same place: decided once, for all spellings (WHATWG URL). */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  addressFault,
  isAllowedUrl,
  isSameOrigin,
  isSameUrl,
  namedPort,
  normalizeUrl,
  originOf,
  pageFault,
} from "../../src/platform/url.ts";

/** Spellings of https://github.com that a URL's parser sees through. */
const SAME = [
  "https://github.com",
  "https://github.com/",
  "HTTPS://GitHub.Com/login",
  "https://github.com:443/login",
  "https://github.com:0443/login?x=1",
];

/** Spellings that a person would take for another host, or that lead elsewhere than they seem to. */
const REFUSED = [
  ...["https://github.com.", "https://github.com./login", "https://github.com.:443/"],
  ...["https://%67ithub.com", "https://github%2ecom/", "https://git%68ub.com:443/"],
  ...["https://github.com:", "https://github.com:/login"],
  ...[
    "https://user@github.com",
    "https://user:pw@github.com",
    "https://github.com@evil.example",
    "https://@github.com",
  ],
  ...["https://github.com\\@evil.example", "https:\\\\github.com", "https:/github.com", "https:github.com"],
  ...["https://", "https:///github.com", "//github.com", "github.com", "", "https://git hub.com", "https://gıthub.com"],
  ...["ftp://github.com", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"],
  ...["https://github.com/#fragment", "https://github.com/\n", "https://git\thub.com/"],
  ...["http://github.com", "http://127.0.0.1.evil.example", "http://localhost.evil.example", "http://128.0.0.1"],
  ...["http://localhost.", "http://127.0.0.1.", "http://[::ffff:127.0.0.1]", "http://0.0.0.0", "http://[::]"],
];

describe("an address that a secret may be sent to", () => {
  test("is https, or http to this machine", () => {
    for (const url of [
      ...SAME,
      ...[
        "http://127.0.0.1",
        "http://127.8.9.1:8080/x",
        "http://[::1]:1/",
        "http://localhost/cb",
        "http://LOCALHOST:80",
      ],
      "https://[2001:db8::1]:8443/x",
    ])
      expect({ url, fault: addressFault(url) }).toEqual({ url, fault: null });
  });

  test("attack: is none that is spelled as another, and none with a name, a fragment or another scheme", () => {
    for (const url of REFUSED) {
      expect({ url, allowed: isAllowedUrl(url) }).toEqual({ url, allowed: false });
      expect(addressFault(url)).toMatch(/^(has|is) /);
    }
  });

  test("whatever is let through has the host that its text shows, in its one spelling or in capitals", () => {
    const authority = fc.oneof(
      fc.webAuthority({ withUserInfo: true, withPort: true, withIPv4: true, withIPv6: true }),
      fc.stringMatching(/^[a-zA-Z0-9.%@:[\]\\_-]{1,30}$/),
      fc.constantFrom("github.com", "GITHUB.com", "github.com.", "%67ithub.com", "github%2ecom", "a@github.com"),
    );
    const url = fc
      .tuple(fc.constantFrom("https", "http", "HTTPS"), authority, fc.constantFrom("", "/", "/a?b", "?x"))
      .map(([scheme, host, rest]) => `${scheme}://${host}${rest}`);
    fc.assert(
      fc.property(url, (text) => {
        if (!isAllowedUrl(text)) return;
        const { hostname, username, password, protocol } = new URL(text);
        expect({ text, named: username + password }).toEqual({ text, named: "" });
        expect(hostname.endsWith(".")).toBe(false);
        // Numbers apart, which have many spellings of one address.
        if (!/^[[\d]/.test(hostname)) expect(text.toLowerCase()).toContain(`//${hostname}`);
        if (protocol === "http:") expect(hostname).toMatch(/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/);
        expect(isSameOrigin(text, normalizeUrl(text))).toBe(true);
        expect(normalizeUrl(text)).toStartWith(originOf(text));
      }),
      { numRuns: 2000 },
    );
  });

  test("a page to open may have a fragment besides", () => {
    expect(pageFault("https://acme.example/#/device")).toBeNull();
    expect(pageFault("https://evil@acme.example/#x")).not.toBeNull();
  });
});

describe("two URLs", () => {
  test("are at one origin however it is spelled", () => {
    for (const one of SAME) {
      expect({ one, origin: originOf(one) }).toEqual({ one, origin: "https://github.com" });
      for (const other of SAME) expect(isSameOrigin(one, other)).toBe(true);
    }
    for (const other of ["http://github.com", "https://github.com:444", "https://api.github.com", "no URL", ""])
      expect({ other, same: isSameOrigin("https://github.com", other) }).toEqual({ other, same: false });
    expect(isSameOrigin("no URL", "no URL")).toBe(false);
  });

  test("are the same but for spelling and a slash at the end", () => {
    expect(isSameUrl("HTTPS://Acme.example:443/Realm", "https://acme.example/Realm/")).toBe(true);
    expect(isSameUrl("https://acme.example/Realm", "https://acme.example/realm")).toBe(false);
    expect(isSameUrl("no URL", "no URL")).toBe(false);
  });

  test("are one when one is the other, normalised: its origin in its one spelling, the rest as it was given", () => {
    expect(normalizeUrl("HTTPS://Acme.example:443/Realm?x=%7e")).toBe("https://acme.example/Realm?x=%7e");
    expect(normalizeUrl("https://acme.example")).toBe("https://acme.example");
  });
});

test("a port that is named counts, also where it is its scheme's own", () => {
  for (const [url, port] of [
    ["http://127.0.0.1:80/cb", 80],
    ["http://[::1]:80", 80],
    ["http://localhost:0080/cb", 80],
    ["https://app.example:443/cb", 443],
    ["http://127.0.0.1:8080/cb", 8080],
    ["http://127.0.0.1/cb:80", null],
    ["http://[::1]/cb", null],
    ["http://127.0.0.1?x=:80", null],
  ] as const)
    expect({ url, port: namedPort(url) }).toEqual({ url, port });
});
