/** What a failed token request means, and whether it settles anything (DESIGN.md §6, RULES.md 2.3). */
import { describe, expect, test } from "bun:test";
import { readBody } from "../../src/oauth/body.ts";
import { classifyNoReply, classifyReply, laterOrWhere } from "../../src/oauth/classify.ts";
import { loginError } from "../../src/oauth/login-error.ts";
import { type Client, OAuthFailure } from "../../src/oauth/types.ts";
import { HttpError } from "../../src/platform/http-failure.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { dialect, reply, server } from "./support.ts";

const NOW = Date.UTC(2026, 10, 21, 12);

function classed(
  body: unknown,
  status: number,
  headers: Record<string, string> = {},
  different: Partial<ProviderDefinition> = {},
  authentication: Client["authentication"] = "none",
): OAuthFailure {
  const raw = reply(body, status, { "content-type": "application/json", ...headers });
  const client: Client = { id: "me", secret: null, authentication };
  return classifyReply(raw, readBody(raw), dialect(different), NOW, client);
}

/** As `classed`, for a client that proved who it is. */
function classedForSecret(body: unknown, status: number): OAuthFailure {
  return classed(body, status, {}, {}, "body");
}

describe("a login whose code is refused", () => {
  test("says so, and nothing of a login that is no longer accepted", () => {
    const failure = new OAuthFailure({
      class: "dead",
      reason: "invalid_grant",
      providerError: "invalid_grant",
      meaning: "It was unused for six months.",
      remedy: "Log in again in a week.",
    });
    const { code, hint } = loginError(server(), failure);
    expect([code, hint]).toEqual([
      "access_denied",
      "The code was used before, has expired, or is not for this client and redirect URI.\nLog in again.",
    ]);
  });
});

describe("no reply", () => {
  test("a host that isn't found is named, with what to look at", () => {
    const failure = classifyNoReply(new HttpError("host not found", "https://id.example/token"));
    expect(laterOrWhere(failure)).toBe("Check the address, and that this machine is online: https://id.example");
  });

  test("what was never sent is no doubt; everything else is", () => {
    const cases = [
      ["host not found", false, "host not found"],
      ["connection refused", false, "connection refused"],
      ["certificate of an unknown authority", false, "certificate of an unknown authority"],
      ["certificate expired", false, "certificate expired"],
      ["certificate refused", false, "certificate refused"],
      ["proxy refused the request", false, "proxy refused the request"],
      ["proxy timed out", false, "proxy timed out"],
      ["connection timed out", true, "connection timed out"],
      ["connection lost", true, "the reply was lost"],
      ["redirected", true, "the provider redirected the request"],
      ["reply too large", true, "the reply is too large"],
    ] as const;
    for (const [failure, inDoubt, reason] of cases)
      expect(classifyNoReply(new HttpError(failure, "https://a.example/"))).toMatchObject({
        class: "transient",
        inDoubt,
        reason,
      });
  });

  test("a redirect and a reply that is too large are the provider's trouble, not the network's", () => {
    expect(classifyNoReply(new HttpError("redirected", "https://a.example/")).status).not.toBeNull();
    expect(classifyNoReply(new HttpError("reply too large", "https://a.example/", { status: 200 })).status).toBe(200);
    expect(classifyNoReply(new HttpError("connection lost", "https://a.example/")).status).toBeNull();
  });
});

describe("codes of the RFCs", () => {
  const cases = {
    invalid_grant: "dead",
    invalid_client: "client",
    unauthorized_client: "client",
    unsupported_grant_type: "client",
    invalid_scope: "client",
    temporarily_unavailable: "transient",
    interaction_required: "interaction",
    authorization_pending: "pending",
    slow_down: "slow_down",
    access_denied: "denied",
    expired_token: "expired",
  } as const;
  for (const [error, means] of Object.entries(cases))
    test(`${error} is ${means}`, () => {
      expect(classed({ error }, 400)).toMatchObject({
        class: means,
        reason: error,
        providerError: error,
        inDoubt: false,
      });
    });

  // https://github.com/auth0/node-auth0/issues/682: access_denied, "Unauthorized".
  test("access_denied with 401 is about the client that proved itself, and no person's no", () => {
    const body = { error: "access_denied", error_description: "Unauthorized" };
    expect(classedForSecret(body, 401)).toMatchObject({ class: "client", reason: "access_denied" });
    expect([classedForSecret(body, 403).class, classed(body, 401).class]).toEqual(["denied", "denied"]);
  });

  test("an error settles the matter with 200 and with text/plain too", () => {
    expect(classed({ error: "invalid_grant" }, 200)).toMatchObject({ class: "dead", inDoubt: false });
    expect(classed({ error: "invalid_grant" }, 400, { "content-type": "text/plain" })).toMatchObject({ class: "dead" });
    expect(
      classed("error=bad_verification_code&error_description=x", 200, {
        "content-type": "application/x-www-form-urlencoded",
      }),
    ).toMatchObject({ providerError: "bad_verification_code", description: "x" });
  });
});

describe("the provider's own table goes first", () => {
  const errors: NonNullable<ProviderDefinition["errors"]> = {
    codes: {
      bad_refresh_token: "dead",
      unauthorized_client: { class: "dead", meaning: "It was uninstalled.", remedy: "Install it." },
      AADSTS50076: "interaction",
      basic_action: "interaction",
    },
    subcodes: ["error_codes", "suberror"],
    subcodePrefix: "AADSTS",
  };

  test("a code that only it has", () => {
    expect(classed({ error: "bad_refresh_token" }, 200, {}, { errors })).toMatchObject({ class: "dead" });
  });

  test("a code that means something else there, with its meaning and remedy", () => {
    expect(classed({ error: "unauthorized_client" }, 400, {}, { errors })).toMatchObject({
      class: "dead",
      meaning: "It was uninstalled.",
      remedy: "Install it.",
    });
  });

  test("a sub-code goes before its code, as a number with the prefix and as a text", () => {
    const number = classed({ error: "invalid_grant", error_codes: [1, 50076], claims: '{"a":1}' }, 400, {}, { errors });
    expect(number).toMatchObject({ class: "interaction", reason: "invalid_grant", claims: '{"a":1}' });
    const text = classed({ error: "invalid_grant", suberror: "basic_action" }, 400, {}, { errors });
    expect(text.class).toBe("interaction");
    expect(classed({ error: "invalid_grant", suberror: "unknown" }, 400, {}, { errors }).class).toBe("dead");
  });

  test("a code that is the name of something every object has is only a word", () => {
    for (const error of ["constructor", "__proto__", "toString", "hasOwnProperty"])
      expect(classed({ error }, 400, {}, { errors })).toMatchObject({ class: "refused", reason: error });
  });

  test("a code at another place, or inside an object", () => {
    expect(classed({ ok: false, why: "token_expired" }, 200, {}, { reply: { error: "why" } }).providerError).toBe(
      "token_expired",
    );
    expect(classed({ errors: [{ code: "x" }] }, 400, {}, { reply: { error: "errors.0.code" } }).providerError).toBe(
      "x",
    );
    expect(classed({ error: { code: "invalid_grant", message: "no" } }, 400).class).toBe("dead");
    expect(classed({ error: { type: "OAuthException" } }, 400).providerError).toBe("OAuthException");
  });
});

describe("a refusal that no table knows", () => {
  // Once an unknown code with status 200 counted as a busy moment: the refused token was sent again and again.
  test("is a verdict below 500, with 200 too, and transient by some statuses", () => {
    for (const error of ["weird", "INVALID_GRANT", "bad_refresh_token", "invalid_request"]) {
      for (const status of [200, 400, 401, 403, 404, 422])
        expect(classed({ error }, status)).toMatchObject({ class: "refused", inDoubt: false, providerError: error });
      for (const status of [408, 425]) expect(classed({ error }, status).class).toBe("transient");
      expect(classed({ error }, 429)).toMatchObject({ class: "transient", inDoubt: false });
      expect(classed({ error }, 503)).toMatchObject({ class: "transient", inDoubt: true });
    }
  });

  test("is none where it says when to ask again: what was sent hasn't been judged", () => {
    const limited = { error: "Access Denied", error_description: "You have made too many requests" };
    for (const status of [400, 401, 403])
      expect(classed(limited, status, { "retry-after": "60" })).toMatchObject({ class: "transient", inDoubt: false });
    expect(classed({ error: "invalid_grant" }, 400, { "retry-after": "60" }).class).toBe("dead");
  });

  test("is about the client with 401 where that proved who it is, and where the code says so", () => {
    for (const body of [{ error: "invalid_token" }, { error: { message: "already used", code: "reused" } }, {}]) {
      expect(classed(body, 401).class).toBe("refused");
      expect(classedForSecret(body, 401)).toMatchObject({ class: "client", inDoubt: false });
      expect(classedForSecret(body, 400).class).toBe("refused");
    }
    for (const error of ["invalid_client", "unauthorized_client"])
      for (const status of [200, 400, 401]) expect(classed({ error }, status).class).toBe("client");
  });

  test("with 200 is whatever says an error: a code where many have it, or that it isn't well", () => {
    const cases: [body: unknown, code: string | null, words: string | null][] = [
      [{ errcode: 40030, errmsg: "invalid refresh_token" }, "40030", "invalid refresh_token"],
      [{ error_code: "E7", error_msg: "no" }, "E7", "no"],
      [{ errno: -6 }, "-6", null],
      [{ ok: false, error: "refresh_token_unknown" }, "refresh_token_unknown", null],
      [{ ok: false, message: "no" }, null, "no"],
      [{ success: false, msg: "no" }, null, "no"],
      [{ error: { message: "already used" } }, null, "already used"],
      [{ errors: [{ message: "gone" }] }, null, "gone"],
    ];
    for (const [body, providerError, description] of cases)
      expect(classed(body, 200)).toMatchObject({ class: "refused", inDoubt: false, providerError, description });
    const errors = { codes: { 40030: "dead" } } as const;
    expect(classed({ errcode: 40030 }, 200, {}, { errors }).class).toBe("dead");
  });

  test("with 200 is not what has neither tokens nor an error: that is in doubt", () => {
    for (const body of [{}, { ok: true }, { errcode: 0, errmsg: "ok" }, { error: null, errors: [] }, { code: 200 }])
      expect(classed(body, 200)).toMatchObject({ class: "transient", inDoubt: true, reason: "unreadable reply" });
  });

  test("is one without a code too, where it is JSON or a form", () => {
    for (const body of [{}, { message: "no code" }])
      expect(classed(body, 400)).toMatchObject({ class: "refused", inDoubt: false, providerError: null });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect(classed("status=bad", 400, form)).toMatchObject({ class: "refused", inDoubt: false });
  });

  test("has the provider's words, wherever they are", () => {
    for (const body of [
      { error: "weird", error_description: "Its words." },
      { message: "Its words." },
      { detail: "Its words." },
      { error: { code: "weird", message: "Its words." } },
      { errors: [{ code: "weird", message: "Its words." }] },
    ])
      expect(classed(body, 400).description).toBe("Its words.");
    expect(classed({ error: "weird" }, 400).description).toBeNull();
  });
});

describe("a code is", () => {
  test("a number", () => {
    const errors = { codes: { 40030: "dead" } } as const;
    expect(classed({ errcode: 40030 }, 200, {}, { errors, reply: { error: "errcode" } })).toMatchObject({
      class: "dead",
      providerError: "40030",
    });
    for (const zero of [0, "0", "0000"])
      expect(classed({ errcode: zero }, 200, {}, { errors, reply: { error: "errcode" } }).providerError).toBeNull();
  });

  test("no sub-code that is 0: many have one in each reply", () => {
    const errors = { codes: { X7: "dead" as const }, subcodes: ["sub_code"], subcodePrefix: "X" };
    expect(classed({ sub_code: 0 }, 200, {}, { errors }).providerError).toBeNull();
    expect(classed({ sub_code: 7 }, 200, {}, { errors }).class).toBe("dead");
  });

  test("the first of a list, of texts or of objects", () => {
    for (const listed of [["invalid_grant"], [{ code: "invalid_grant" }], [{ note: "x" }, { type: "invalid_grant" }]])
      expect(classed({ errors: listed }, 400, {}, { reply: { error: "errors" } })).toMatchObject({
        class: "dead",
        providerError: "invalid_grant",
      });
  });

  test("in any field that the description names, sub-codes too", () => {
    expect(
      classed({ errors: [{ errorType: "invalid_grant" }] }, 400, {}, { reply: { error: "errors.0.errorType" } }).class,
    ).toBe("dead");
    const errors = { codes: { X7: "interaction" as const }, subcodes: ["reasons"], subcodePrefix: "X" };
    expect(classed({ reasons: [7] }, 400, {}, { errors })).toMatchObject({ class: "interaction", providerError: "X7" });
    expect(classed({ reasons: [8] }, 400, {}, { errors })).toMatchObject({ class: "refused", providerError: "X8" });
  });
});

describe("in doubt is whatever is not a well-formed OAuth answer", () => {
  const html = "<html><body>502 Bad Gateway</body></html>";
  const doubtful: [body: unknown, status: number][] = [
    [html, 500],
    [html, 502],
    [html, 504],
    [html, 400],
    [html, 404],
    [html, 200],
    ["", 500],
    [{ error: "server_error" }, 500],
    [{ error: "temporarily_unavailable" }, 503],
    ["null", 400],
    [["invalid_grant"], 400],
  ];
  for (const [body, status] of doubtful)
    test(`${status} ${JSON.stringify(body).slice(0, 50)}`, () => {
      expect(classed(body, status)).toMatchObject({ class: "transient", inDoubt: true, status });
    });

  test("429, and 503 with Retry-After, settle that nothing was done", () => {
    expect(classed(html, 429).inDoubt).toBe(false);
    expect(classed(html, 503, { "retry-after": "5" }).inDoubt).toBe(false);
    expect(classed(html, 503).inDoubt).toBe(true);
    expect(classed(html, 502, { "retry-after": "5" }).inDoubt).toBe(true);
  });

  test("a 5xx with a code that can only be a refusal is a refusal", () => {
    expect(classed({ error: "invalid_grant" }, 500)).toMatchObject({ class: "dead", inDoubt: false });
  });

  test("without a code the reason is the status", () => {
    expect(classed(html, 503).reason).toBe("HTTP 503");
    expect(classed({}, 400).reason).toBe("HTTP 400");
  });
});

describe("Retry-After", () => {
  test("in seconds, or as a date by the server's own clock", () => {
    expect(classed("", 429, { "retry-after": "120" }).retryAfter).toBe(120);
    const at = "Sat, 21 Nov 2026 12:02:00 GMT";
    expect(classed("", 429, { "retry-after": at }).retryAfter).toBe(120);
    expect(classed("", 429, { "retry-after": at, date: "Sat, 21 Nov 2026 12:01:30 GMT" }).retryAfter).toBe(30);
    expect(classed("", 429, { "retry-after": "Sat, 21 Nov 2020 12:02:00 GMT" }).retryAfter).toBe(0);
  });

  test("nonsense is none", () => {
    for (const value of ["soon", "-1", "1e9", "", "99999999999999"])
      expect(classed("", 429, { "retry-after": value }).retryAfter).toBeNull();
  });
});

test("attack: a code made to be printed is printed as what it is", () => {
  const { reason, providerError } = classed({ error: `\x1b[2Jinvalid\n\u202e${"x".repeat(500)}` }, 400);
  for (const shown of [reason, providerError]) {
    expect(shown).toStartWith("\\x1b[2Jinvalid\\n\\u202e");
    expect(shown?.length).toBeLessThan(200);
  }
});

describe('"Try again" is the advice for what may pass by itself, and for nothing else:', () => {
  const classedPage = (status: number): OAuthFailure => classed("", status, { "content-type": "text/html" });

  test("a reply that the same request will get again names the address to check", () => {
    const unreadable = new OAuthFailure({ class: "transient", reason: "unreadable", unreadable: true });
    for (const failure of [...[301, 400, 403, 404, 405, 410].map(classedPage), unreadable])
      expect(laterOrWhere(failure)).toContain("Check the address");
  });

  test("a failure of the server's own, and a code for one", () => {
    const busy = classed({ error: "temporarily_unavailable" }, 400);
    for (const failure of [...[408, 425, 429, 500, 502, 503, 504].map(classedPage), busy])
      expect(laterOrWhere(failure)).toBe("Try again later.");
  });

  test("without a reply: what to look at, where there is something", () => {
    for (const failure of ["connection timed out", "connection lost", "interrupted", "proxy timed out"] as const)
      expect(new HttpError(failure, "https://acme.example").remedy).toBe("Try again.");
    for (const failure of ["host not found", "connection refused", "redirected", "reply too large"] as const)
      expect(new HttpError(failure, "https://acme.example").remedy).toMatch(/heck the address/);
  });
});
