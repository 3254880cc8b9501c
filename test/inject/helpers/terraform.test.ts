/** Terraform's protocol: https://developer.hashicorp.com/terraform/internals/credentials-helpers */
import { describe, expect, mock, test } from "bun:test";
import terraform from "../../../src/inject/helpers/terraform.ts";
import { asked, told } from "./support.ts";

test("get names a host, perhaps with a port, and is answered by an object with the token", async () => {
  expect(await asked(terraform, ["get", "tf.example:8443"], "")).toMatchObject({
    place: { origin: "https://tf.example:8443", user: null },
  });
  expect(await told(terraform, ["get", "app.terraform.io"], "")).toEqual({ stdout: '{"token":"t0ken"}\n' });
});

test("none is an empty object and success; a failure an exit code and a line", () => {
  expect(terraform.none(null as never)).toEqual({ stdout: "{}\n" });
  expect(terraform.failure("auth: no", null as never)).toEqual({ stderr: "auth: no", exitCode: 1 });
});

test("store is refused after its input is read, forget without claiming that it was done", async () => {
  for (const stored of ['{"token":"new"}', '{"token":"new","more":1}', "{", "x".repeat(70_000)]) {
    const text = mock(async () => stored);
    await expect(terraform.ask({ words: ["store", "tf.example"], text } as never)).rejects.toThrow("Nothing is stored");
    expect(text).toHaveBeenCalledTimes(1);
  }
  await expect(asked(terraform, ["forget", "tf.example"], "")).rejects.toThrow("auth logout");
  await expect(asked(terraform, ["list", "tf.example"], "")).rejects.toThrow("get, store, forget");
  await expect(asked(terraform, [], "")).rejects.toThrow("get, store, forget");
});

describe("what is no host of terraform's is refused, and not repeated", () => {
  const hosts: Record<string, string> = {
    nothing: "",
    "a URL": "https://evil.example",
    "a path": "evil.example/tf.example",
    "a user name": "tf.example@evil.example",
    "a line end": "evil.example\r\nhost: x",
    "a NUL": "evil\0.example",
    "64 KiB": "x".repeat(65_536),
    "other letters": "evıl.example",
    "a number": "2130706433",
  };
  for (const [what, host] of Object.entries(hosts))
    test(what, async () => {
      const error = await asked(terraform, ["get", host], "").catch((thrown: Error) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).not.toMatch(/evil|evıl|xxx|2130/);
    });
});
