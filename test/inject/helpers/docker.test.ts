/** docker's protocol: https://github.com/docker/docker-credential-helpers */
import { expect, test } from "bun:test";
import docker from "../../../src/inject/helpers/docker.ts";
import { asked, callOf, credential, told } from "./support.ts";

test("get takes a registry's name, with a port, a path or a scheme", async () => {
  const origins: Record<string, string> = {
    "ghcr.io": "https://ghcr.io",
    "ghcr.io/team": "https://ghcr.io",
    "registry.example:5000\n": "https://registry.example:5000",
    "https://index.docker.io/v1/": "https://index.docker.io",
    "127.0.0.1:5000": "http://127.0.0.1:5000",
    "localhost:5000": "http://localhost:5000",
    "[::1]:5000": "http://[::1]:5000",
    "https://127.0.0.1:5000": "https://127.0.0.1:5000",
  };
  for (const [server, origin] of Object.entries(origins))
    expect(await asked(docker, ["get"], server)).toMatchObject({ kind: "token", place: { origin, user: null } });
});

test("answers with the server's name as it was asked for", async () => {
  const { stdout = "" } = await told(docker, ["get"], "ghcr.io", credential({ userName: "x" }));
  expect(JSON.parse(stdout)).toEqual({ ServerURL: "ghcr.io", Username: "x", Secret: "t0ken" });
});

test("what is no registry's name is refused", async () => {
  const wrong = [
    "http://registry.example",
    "user@registry.example",
    "registry.example\nevil.example",
    "registry.example:",
    "registry.example.",
    "ftp://registry.example",
    "re gistry.example",
    "127.1:5000",
    "x".repeat(70_000),
    "\0",
  ];
  for (const server of wrong) await expect(asked(docker, ["get"], server)).rejects.toThrow();
});

test("none is the sentence that every client knows, and errors are on stdout as well; both exit 1", async () => {
  const call = callOf(["get"], "");
  expect(docker.none(call)).toEqual({ stdout: "credentials not found in native keychain\n", exitCode: 1 });
  expect(docker.failure("auth: no", call)).toEqual({ stdout: "auth: no\n", exitCode: 1 });
  expect(await told(docker, ["get"], "")).toEqual({ stdout: "no credentials server URL\n", exitCode: 1 });
});

test("erase does nothing, list names nothing, version is one, and store says where logins are made", async () => {
  expect(await told(docker, ["erase"], "ghcr.io")).toEqual({});
  expect(await told(docker, ["list"], "")).toEqual({ stdout: "{}\n" });
  expect((await told(docker, ["version"], "")).stdout).toBe("docker-credential-auth (auth)\n");
  await expect(asked(docker, ["store"], "{}")).rejects.toThrow("'auth login'");
  await expect(asked(docker, ["nonsense"], "")).rejects.toThrow();
});
