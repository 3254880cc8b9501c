/** A WebSocket's frames, searched for tokens (RFC 6455 §5). */
import { expect, test } from "bun:test";
import { Secret } from "../../src/platform/secret.ts";
import type { Api } from "../../src/proxy/api.ts";
import { frameScrubber } from "../../src/proxy/frames.ts";
import { createScrubbers } from "../../src/proxy/scrub.ts";

const TOKEN = "token-4815162342-of-acme";
const ORIGIN = "https://api.example";
const api = { origins: [ORIGIN] } as unknown as Api;

const FIN = 0x80;
const [CONTINUATION, TEXT, PING, CLOSE] = [0, 1, 9, 8];

function frame(first: number, text: string): Buffer {
  const { length } = text;
  const size = length < 126 ? [length] : length < 65_536 ? [126, length >> 8, length & 255] : [127, 0, 0, 0, 0];
  if (length >= 65_536) size.push(length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255);
  return Buffer.concat([Buffer.from([first, ...size]), Buffer.from(text)]);
}

function searched(frames: readonly Buffer[], size: number): string {
  const scrubbers = createScrubbers([api]);
  const token = new Secret(TOKEN);
  scrubbers.sent(api, { token, headers: [], secrets: [token] });
  const scrubber = frameScrubber(() => scrubbers.of(ORIGIN));
  const bytes = Buffer.concat(frames);
  const given: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) given.push(Buffer.from(scrubber.feed(bytes.subarray(at, at + size))));
  given.push(Buffer.from(scrubber.end()));
  return Buffer.concat(given).toString("latin1");
}

const STARS = "*".repeat(TOKEN.length);

test("the token is found in one frame, in fragments and in a ping between them; the frames stay what they are", () => {
  const long = "x".repeat(70_000);
  const message = (token: string): Buffer[] => [
    frame(FIN | TEXT, `one ${token} whole`),
    frame(TEXT, `two ${token.slice(0, 9)}`),
    frame(FIN | PING, `ping ${token}`),
    frame(CONTINUATION, ""),
    frame(FIN | CONTINUATION, `${token.slice(9)} fragments`),
    frame(FIN | TEXT, `${"y".repeat(300)}${token}`),
    frame(FIN | TEXT, long),
    frame(FIN | CLOSE, `  ${token}`),
  ];
  const wanted = Buffer.concat(message(STARS)).toString("latin1");
  for (const size of [1, 2, 7, 4096, 100_000])
    expect([size, searched(message(TOKEN), size) === wanted]).toEqual([size, true]);
});

test("bytes that are no token come as they were, also those of a frame that is cut off", () => {
  const frames = [frame(FIN | TEXT, `nearly ${TOKEN.slice(0, -1)}`), frame(FIN | TEXT, "cut off").subarray(0, 5)];
  expect(searched(frames, 3)).toBe(Buffer.concat(frames).toString("latin1"));
});
