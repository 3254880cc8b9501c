/** git's protocol, as https://git-scm.com/docs/git-credential and gitcredentials(7) document it. */
import { describe, expect, test } from "bun:test";
import git from "../../../src/inject/helpers/git.ts";
import { asked, credential, told } from "./support.ts";

const HOST = "protocol=https\nhost=git.example\n";

describe("get", () => {
  test("reads to a blank line or the end, whichever comes first", async () => {
    for (const end of ["", "\n", "\n\nusername=later\n"])
      expect(await asked(git, ["get"], `${HOST}path=a/b${end}`)).toMatchObject({
        kind: "token",
        place: { origin: "https://git.example", user: null },
      });
  });

  test("the user name comes along", async () => {
    expect(await asked(git, ["get"], `${HOST}username=alice\n`)).toMatchObject({ place: { user: "alice" } });
  });

  test("answers a name and a password, when they end, and that they aren't to be stored", async () => {
    expect(await told(git, ["get"], HOST, credential({ expiresAt: 1_700_000_000_500 }))).toEqual({
      stdout: "username=oauth2\npassword=t0ken\npassword_expiry_utc=1700000000\nephemeral=1\n",
    });
  });

  test("a bearer token where git can carry it and the server asks for one; a pasted one stays a password", async () => {
    const able = `${HOST}capability[]=authtype\ncapability[]=state\n`;
    const bearer = `${able}wwwauth[]=Basic realm="x"\nwwwauth[]=Bearer authorization_uri=https://x\n`;
    expect((await told(git, ["get"], bearer)).stdout).toBe(
      "capability[]=authtype\nauthtype=Bearer\ncredential=t0ken\nephemeral=1\n",
    );
    const password = "capability[]=authtype\nusername=oauth2\npassword=t0ken\nephemeral=1\n";
    expect((await told(git, ["get"], `${able}wwwauth[]=Basic realm="bearer"\n`)).stdout).toBe(password);
    expect((await told(git, ["get"], bearer, credential({ isPasted: true }))).stdout).toBe(password);
    // An empty value of a list begins it anew.
    expect((await told(git, ["get"], `${able}capability[]=\nwwwauth[]=Bearer\n`)).stdout).toStartWith("username=");
  });

  test("nothing for what isn't http", async () => {
    for (const protocol of ["ssh", "cert", "smtp", "", "HTTPS"])
      expect(await told(git, ["get"], `protocol=${protocol}\nhost=git.example\n`)).toEqual({});
    expect(await told(git, ["get"], "protocol=https\n")).toEqual({});
  });
});

describe("what is no request of git's is refused, and nothing of it is repeated", () => {
  const wrong: Record<string, string> = {
    "a carriage return": "protocol=https\r\nhost=git.example\r\n",
    "a NUL": "protocol=https\nhost=git.example\0.evil.example\n",
    "no name": "=https\n",
    "no value": "protocol\n",
    "a host twice": `${HOST}host=evil.example\n`,
    "a long line": `${HOST}path=${"x".repeat(65_536)}\n`,
    "http to another machine": "protocol=http\nhost=git.example\n",
    "a user name in the host": "protocol=https\nhost=git.example@evil.example\n",
    "a path in the host": "protocol=https\nhost=evil.example/git.example\n",
    "a dot at the host's end": "protocol=https\nhost=git.example.\n",
    "an empty port": "protocol=https\nhost=git.example:\n",
    "a port with zeros": "protocol=https\nhost=git.example:0443\n",
    "a host in percents": "protocol=https\nhost=git%2eexample\n",
    "a host in other letters": "protocol=https\nhost=gıt.example\n",
    "an address in short": "protocol=https\nhost=127.1\n",
    "a space": "protocol=https\nhost=git.example evil\n",
  };
  for (const [what, request] of Object.entries(wrong))
    test(what, async () => {
      const error = await asked(git, ["get"], request).catch((thrown: Error) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).not.toMatch(/evil|xxx|gıt/);
    });
});

test("erase names the token that was refused; store, and what later versions add, do nothing", async () => {
  const request = await asked(git, ["erase"], `${HOST}username=u\npassword=old\n`);
  expect(request).toMatchObject({ kind: "rejected", place: { origin: "https://git.example" } });
  expect(request?.kind === "rejected" && request.token.reveal()).toBe("old");
  expect(await told(git, ["erase"], HOST)).toEqual({});
  expect(await told(git, ["store"], `${HOST}username=u\npassword=p\n`)).toEqual({});
  expect(await told(git, ["approve-of"], "")).toEqual({});
});

test("capability says what it can", async () => {
  expect(await told(git, ["capability"], "")).toEqual({ stdout: "version 0\ncapability authtype\n" });
});

test("none is no output, a failure an exit code and a line", () => {
  expect(git.none(null as never)).toEqual({});
  expect(git.failure("auth: no", null as never)).toEqual({ stderr: "auth: no", exitCode: 1 });
});
