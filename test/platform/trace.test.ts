/** What `-v` and the debug log tell of an exchange, before anything of the reply is understood. */
import { expect, test } from "bun:test";
import type { HttpReply } from "../../src/platform/http.ts";
import { traced } from "../../src/platform/trace.ts";

async function told(status: number, body: unknown, type = "application/json"): Promise<string> {
  const lines: string[] = [];
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const reply = { status, headers: new Headers({ "content-type": type }), body: new TextEncoder().encode(text) };
  const http = traced(
    async () => reply as HttpReply,
    (line) => void lines.push(line),
  );
  await http({ method: "GET", url: "https://example.com/token" });
  return lines.at(-1)?.replace(/ in \d+ ms$/, "") ?? "";
}

test("of a failure and of a success: the kind and the length, and nothing of the text", async () => {
  const body = { error: "invalid_grant", error_codes: [50058] };
  expect(await told(400, body)).toBe(`← 400 application/json ${JSON.stringify(body).length} bytes`);
  expect(await told(200, { access_token: "x", expires_in: 1 })).toBe("← 200 application/json 35 bytes");
});

test("without a look at the reply's bytes: they are to be on the disk first", async () => {
  const bytes = new Proxy(new Uint8Array(9), {
    get(body, name) {
      if (name === "length") return body.length;
      throw new Error(`${String(name)} of the reply was read`);
    },
  });
  const reply: HttpReply = { status: 200, headers: new Headers({ "content-type": "application/json" }), body: bytes };
  const lines: string[] = [];
  const http = traced(
    async () => reply,
    (line) => void lines.push(line),
  );
  expect(await http({ method: "POST", url: "https://example.com/token" })).toBe(reply);
  expect(lines[1]).toStartWith("← 200 application/json 9 bytes in ");
});

test("of a page: its kind and length", async () => {
  expect(await told(502, "<html>a token</html>", "text/html; charset=utf-8")).toBe("← 502 text/html 20 bytes");
});

test("never a token that only the provider's description knows by its name", async () => {
  for (const secret of ["hunter_sekret", "AAAABBBBCCCC", "hunter-sekret-9", "8f1b0f2e-9a3c-4c1e-b5d7-2f6a7c9e0d11"])
    for (const status of [200, 400])
      for (const body of [
        { error: secret, data: { zzz: secret } },
        { error: "server_error", error_description: `stored ${secret}`, message: secret, zzz: { value: secret } },
        { error: "server_error", error_codes: [secret], trace_id: secret, zzz: [secret] },
        { error: `a_${secret}`, suberror: secret.slice(0, 10), zzz: `${secret}.more`, yyy: secret },
        { error: true, [secret]: secret },
      ]) {
        const line = await told(status, body, `text/${secret}`);
        expect(line).not.toContain(secret);
        expect(line).not.toContain(secret.slice(0, 10));
      }
});

test("attack: a body that isn't what its header says ends no request", async () => {
  for (const body of ["null", "client_id=me", "[1]", '"text"', ""]) {
    const lines: string[] = [];
    const reply = { status: 204, headers: new Headers(), body: new Uint8Array() };
    const http = traced(
      async () => reply as HttpReply,
      (line) => void lines.push(line),
    );
    const headers = { "Content-Type": "application/json" };
    expect(await http({ method: "POST", url: "https://example.com/me", headers, body })).toBe(reply);
    expect(lines[0], body).toBe("→ POST https://example.com/me ");
  }
});
