/** A provider's MCP servers whose issuer registers no clients: where a person makes one. */
import * as v from "valibot";
import { optional, required, template, text } from "./words.ts";

const host = v.pipe(v.string(), v.regex(/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/, "must be a host, or *. and a domain"));

export const mcp = v.strictObject({
  hosts: required(v.pipe(v.array(host), v.nonEmpty()), "Their hosts; `*.example.com` is every host below that domain."),
  create: optional(template, "The page on which to create a client for them, where that isn't `client.create`."),
  secret: optional(v.boolean(), "Whether such a client has a secret."),
  notes: required(v.pipe(v.array(text), v.nonEmpty()), "What to tick or mind there, one line each."),
});
