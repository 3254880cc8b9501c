/** HTTP to a program of this machine and user, by its Unix socket or by loopback: no proxy, no redirect, no certificate. */
import { readCapped } from "./streams.ts";

export interface LocalRequest {
  readonly method: "GET" | "POST";
  /** `/v1/status` */
  readonly path: string;
  readonly body?: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly maxBytes: number;
}

export type LocalPlace =
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "tcp"; readonly url: string; readonly secret: string };

/** @throws Error where no reply came */
export async function localHttp(
  place: LocalPlace,
  { method, path, body, timeout, maxBytes }: LocalRequest,
): Promise<{ readonly status: number; readonly text: string }> {
  const base = place.kind === "socket" ? "http://localhost" : place.url;
  const response = await fetch(`${base}${path}`, {
    method,
    redirect: "manual",
    signal: AbortSignal.timeout(timeout),
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(place.kind === "tcp" && { authorization: `Bearer ${place.secret}` }),
    },
    ...(body !== undefined && { body }),
    ...(place.kind === "socket" && { unix: place.path }),
    proxy: "",
  });
  const bytes =
    response.body === null
      ? new Uint8Array()
      : await readCapped(response.body, maxBytes, () => new Error("the reply is too large"));
  return { status: response.status, text: new TextDecoder().decode(bytes) };
}
