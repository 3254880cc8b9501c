/** Ansible's vault password clients: https://docs.ansible.com/ansible/latest/vault_guide/vault_managing_passwords.html */
import { expect, test } from "bun:test";
import ansible from "../../../src/inject/helpers/ansible.ts";
import { asked, credential, told } from "./support.ts";

const pasted = credential({ isPasted: true });

test("the vault id is the connection; without one it is the call's", async () => {
  for (const words of [["--vault-id", "apikey:production"], ["--vault-id=apikey:production"]]) {
    expect(await asked(ansible, words, "")).toMatchObject({ place: null, connection: "apikey:production" });
    expect(await told(ansible, words, "", pasted)).toEqual({ stdout: "t0ken\n" });
  }
  expect(await asked(ansible, [], "")).not.toHaveProperty("connection");
});

test("a login's tokens are no password: the next one would not open what this one has closed", async () => {
  await expect(told(ansible, ["--vault-id", "github"], "")).rejects.toThrow("has to stay what it is");
});

test("an id that isn't there is exit code 2, any other failure 1", () => {
  const call = { words: ["--vault-id", "apikey:gone"] } as never;
  expect(ansible.failure("auth: no", call, "connection_not_found")).toEqual({ stderr: "auth: no", exitCode: 2 });
  expect(ansible.failure("auth: no", call, "vault_locked")).toEqual({ stderr: "auth: no", exitCode: 1 });
  expect(ansible.none(call)).toEqual({ stderr: "auth: There is no connection for this vault id.", exitCode: 2 });
});

test("what can be no connection is refused, and not repeated", async () => {
  for (const id of ["", "evil\r\n", "evil\0", "evil password", "../evil", "evil".repeat(16_384)]) {
    const error = await asked(ansible, ["--vault-id", id], "").catch((thrown: Error) => thrown);
    expect((error as Error).message).toContain("A vault id has to be a connection");
    expect((error as Error).message).not.toContain("evil");
  }
  await expect(asked(ansible, ["--evil"], "")).rejects.toThrow("A vault id");
});
