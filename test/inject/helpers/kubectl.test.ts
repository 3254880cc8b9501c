/** Kubernetes' protocol: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/ */
import { expect, test } from "bun:test";
import kubectl from "../../../src/inject/helpers/kubectl.ts";
import { asked, credential, told } from "./support.ts";

const info = (apiVersion: unknown) => ({
  KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: "ExecCredential" }),
});

test("answers in the version of what was asked, with an end in whole seconds", async () => {
  const given = credential({ expiresAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678) });
  for (const version of ["v1", "v1beta1"]) {
    const apiVersion = `client.authentication.k8s.io/${version}`;
    const { stdout = "" } = await told(kubectl, [], "", given, info(apiVersion));
    const status = { token: "t0ken", expirationTimestamp: "2026-01-02T03:04:05Z" };
    expect(JSON.parse(stdout)).toEqual({ apiVersion, kind: "ExecCredential", status });
  }
});

test("without what kubectl says it is v1; without an end there is none", async () => {
  const { stdout = "" } = await told(kubectl, [], "");
  expect(JSON.parse(stdout)).toEqual({
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { token: "t0ken" },
  });
});

test("another version, and what isn't JSON, are refused", async () => {
  for (const version of ["client.authentication.k8s.io/v2", "v1", 1, null])
    await expect(asked(kubectl, [], "", info(version))).rejects.toThrow("another version");
  for (const text of ["{", "x".repeat(70_000)])
    await expect(asked(kubectl, [], "", { KUBERNETES_EXEC_INFO: text })).rejects.toThrow("isn't JSON");
  await expect(asked(kubectl, [], "", { KUBERNETES_EXEC_INFO: "null" })).rejects.toThrow();
});
