/**
 * What each built-in provider documents, against what we send, what we make of the answer, and what the issuer that
 * plays the provider answers. The requests go over a socket, and the bytes that arrive are compared (RULES.md 6.6).
 */
import { afterEach, describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { pollDevice, requestDeviceCode } from "../../src/oauth/device.ts";
import { sendRefresh } from "../../src/oauth/refresh.ts";
import { type Http, http } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import { definitions } from "./builtin.ts";
import { dialects, type Running } from "./dialects.ts";
import { type Exchange, type Request, transcripts } from "./transcript.ts";
import { NOW, run } from "./transcript-calls.ts";

interface Wire {
  /** Sends over a socket what would go to the provider. */
  readonly http: Http;
  readonly sent: Request[];
  stop(): void;
}

const wires: Wire[] = [];
afterEach(() => {
  for (const wire of wires.splice(0)) wire.stop();
});

/** A socket that keeps what arrives, to the byte, and answers with the documented bytes. */
function wireOf(reply: Exchange["reply"]): Wire {
  const sent: Request[] = [];
  const urls: string[] = [];
  const bytes = new WeakMap<Socket, Buffer>();
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, chunk) {
        const received = Buffer.concat([bytes.get(socket) ?? Buffer.alloc(0), chunk]);
        bytes.set(socket, received);
        const request = requestIn(received);
        if (request === null) return;
        sent.push({ ...request, url: `${new URL(urls[sent.length] ?? "").origin}${request.url}` });
        const { status, headers, body } = reply ?? { status: 500, headers: {}, body: "" };
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
        const length = status === 204 ? "" : `content-length: ${Buffer.byteLength(body)}\r\n`;
        socket.end(`HTTP/1.1 ${status} x\r\n${lines.join("")}${length}connection: close\r\n\r\n${body}`);
      },
    },
  });
  const wire: Wire = {
    sent,
    http: (request) => {
      urls.push(request.url);
      const { pathname, search } = new URL(request.url);
      return http({ ...request, url: `http://127.0.0.1:${listener.port}${pathname}${search}` });
    },
    stop: () => listener.stop(true),
  };
  wires.push(wire);
  return wire;
}

/** null: not all of it is here. */
function requestIn(bytes: Buffer): Request | null {
  const text = bytes.toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const body = text.slice(end + 4);
  if (body.length < Number(headers["content-length"] ?? 0)) return null;
  const [method = "", url = ""] = first.split(" ");
  return { method, url, headers, body };
}

/** A body's fields, each as it was encoded, in one order. */
function canonical(body: string, type: string | undefined): string {
  if (!type?.includes("json")) return body.split("&").sort().join("&");
  return JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(body)).sort()));
}

const JWT = /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/;

function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Error || (typeof value === "object" && value !== null)) {
    const own = { ...(value as object), ...("code" in value && { code: value.code }) };
    return Object.fromEntries(Object.entries(own).map(([name, inner]) => [name, plain(inner)]));
  }
  return value;
}

for (const [id, exchanges] of Object.entries(transcripts))
  describe(id, () => {
    for (const exchange of exchanges)
      test(`${exchange.operation}: ${exchange.title}`, async () => {
        expect(exchange.source).toStartWith("https://");
        const wire = wireOf(exchange.reply);
        const outcome = plain(await run(id, exchange, wire.http));
        const { request, jwt, result } = exchange;
        expect(wire.sent).toHaveLength(request === null ? 0 : 1);
        let made = (outcome as { accessToken?: string }).accessToken ?? "";
        const [sent] = wire.sent;
        if (request !== null && sent !== undefined) {
          expect({ method: sent.method, url: sent.url }).toEqual({ method: request.method, url: request.url });
          for (const [name, value] of Object.entries(request.headers)) {
            const got = sent.headers[name] ?? "";
            if (value.includes("{{jwt}}")) made = JWT.exec(got)?.[0] ?? "";
            expect({ name, value: value.includes("{{jwt}}") ? got.replace(JWT, "{{jwt}}") : got }).toEqual({
              name,
              value,
            });
          }
          const body = request.body.includes("{{jwt}}") ? sent.body.replace(JWT, "{{jwt}}") : sent.body;
          if (request.body.includes("{{jwt}}")) made = JWT.exec(sent.body)?.[0] ?? "";
          const type = sent.headers["content-type"];
          expect(canonical(body, type)).toBe(canonical(request.body, type));
        }
        if (jwt !== null) {
          expect(decodeProtectedHeader(made)).toMatchObject(jwt.header);
          const { jti, ...claims } = decodeJwt(made);
          expect(claims).toEqual(jwt.claims as typeof claims);
        }
        if (typeof result === "object" && result !== null) expect(outcome).toMatchObject(result);
        else expect(outcome).toEqual(result);
      });
  });

test("every built-in provider that exchanges anything has a transcript", () => {
  const exchanging = definitions.filter(({ flows }) => flows.some((flow) => flow !== "token")).map(({ id }) => id);
  expect(Object.keys(transcripts).sort()).toEqual(exchanging.sort());
});

describe("the issuer that plays it answers alike:", () => {
  /** The provider as it is played, and what its issuer answers to each kind of request. */
  const PLAYED: Readonly<Record<string, string>> = {
    github: "github as a GitHub App",
    google: "google",
    sentry: "sentry with a public client",
    entra: "entra",
  };
  for (const [id, name] of Object.entries(PLAYED))
    for (const exchange of transcripts[id] ?? [])
      if (exchange.issuer !== null)
        test(`${id}: ${exchange.issuer}`, async () => {
          const start = dialects[name];
          if (start === undefined || exchange.reply === null) throw new Error(name);
          const at = start();
          try {
            const { status, type, body } = await answerOf(at, exchange.issuer ?? "");
            const documented = exchange.reply;
            expect(status).toBe(documented.status);
            expect(type.split(";")[0]).toBe((documented.headers["content-type"] ?? "").split(";")[0] ?? "");
            expect(shapeOf(JSON.parse(body))).toEqual(shapeOf(JSON.parse(documented.body)));
          } finally {
            await at.issuer.stop();
          }
        });

  /** Each field and the kind of its value; an id_token comes with the scope openid, and none of the examples asks for it. */
  function shapeOf(value: Record<string, unknown>): Record<string, string> {
    const fields = Object.entries(value).filter(([field]) => field !== "id_token" && field !== "organization_id");
    return Object.fromEntries(fields.map(([field, inner]) => [field, Array.isArray(inner) ? "list" : typeof inner]));
  }
});

/** What the issuer answers, caught on its way to us. */
async function answerOf(at: Running, kind: string): Promise<{ status: number; type: string; body: string }> {
  let last = { status: 0, type: "", body: "" };
  const catching: Http = async (request) => {
    const reply = await http(request);
    last = {
      status: reply.status,
      type: reply.headers.get("content-type") ?? "",
      body: new TextDecoder().decode(reply.body),
    };
    return reply;
  };
  const client = at.clients.device;
  const code = await requestDeviceCode(catching, at.server, client, at.scopes);
  if (kind === "device") return last;
  at.devices.decide("approve");
  at.issuer.advance(10);
  const polling = { deadline: NOW + 900_000, now: () => NOW, sleep: async () => {} };
  const { refreshToken } = await pollDevice(catching, at.server, client, code, polling);
  if (kind === "dead") at.kill();
  const request = { refreshToken: refreshToken ?? new Secret(""), flow: "device", timeout: 5_000 };
  await sendRefresh(catching, at.server, client, {
    ...request,
    scopes: at.server.dialect.refresh.scope === "granted" ? at.scopes : null,
  });
  return last;
}
