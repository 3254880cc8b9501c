/**
 * `credential_process` of AWS (https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html), and the
 * two requests that bring a role's credentials.
 */
import { describe, expect, test } from "bun:test";
import aws from "../../../src/inject/helpers/aws.ts";
import type { Credential } from "../../../src/inject/helpers/protocol.ts";
import { Secret } from "../../../src/platform/secret.ts";
import { asked, credential, told } from "./support.ts";

const SSO = ["--account", "123456789012", "--role", "ReadOnly"];
const ARN = "arn:aws:iam::123456789012:role/ci";
const WEB = ["--role-arn", ARN];
const END = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const ROLE = { accessKeyId: "ASIA1", secretAccessKey: "s3cret/+", sessionToken: "t+/==", expiration: END };
const ANSWER = {
  Version: 1,
  AccessKeyId: "ASIA1",
  SecretAccessKey: "s3cret/+",
  SessionToken: "t+/==",
  Expiration: "2026-01-02T03:04:05Z",
};
const XML = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult><Credentials>
    <AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s3cret/+</SecretAccessKey>
    <SessionToken>t+/==</SessionToken><Expiration>2026-01-02T03:04:05Z</Expiration>
  </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;

type Sent = Parameters<Credential["send"]>[0];

/** A login whose exchanges are answered by this, and what was sent. */
function answering(text: string, status = 200, more: Partial<Credential> = {}) {
  const sent: Sent[] = [];
  const headers = async () => [{ name: "x-amz-sso_bearer_token", value: new Secret("t0ken") }];
  const send = async (request: Sent) => {
    sent.push(request);
    return { status, text };
  };
  return { sent, login: credential({ settings: { region: "eu-central-1" }, headers, send, ...more }) };
}

const printed = async (words: string[], login: Credential) =>
  JSON.parse((await told(aws, words, "", login)).stdout ?? "");

describe("a login at an IAM Identity Center", () => {
  test("asks the portal of its region, and always tells the end", async () => {
    expect(aws.needsConnection).toBe(true);
    const { sent, login } = answering(JSON.stringify({ roleCredentials: ROLE }));
    expect(await printed(SSO, login)).toEqual(ANSWER);
    const url =
      "https://portal.sso.eu-central-1.amazonaws.com/federation/credentials?account_id=123456789012&role_name=ReadOnly";
    expect(sent).toEqual([{ method: "GET", url, headers: { "x-amz-sso_bearer_token": "t0ken" } }]);
  });

  test("another portal is the one that the call names", async () => {
    const { sent, login } = answering(JSON.stringify({ roleCredentials: ROLE }), 200, {
      origins: ["https://portal.sso.cn-north-1.amazonaws.com.cn"],
    });
    await printed(SSO, login);
    expect(sent[0]?.url).toStartWith("https://portal.sso.cn-north-1.amazonaws.com.cn/federation/");
  });

  test("a refusal is told by its status and its name, and by nothing else of it", async () => {
    const type = "com.amazonaws.switchboard.portal#UnauthorizedException";
    const { login } = answering(JSON.stringify({ __type: type, message: "t0ken\r\nevil" }), 401);
    await expect(printed(SSO, login)).rejects.toThrow(
      "The access portal gave no credentials (HTTP 401, UnauthorizedException).",
    );
    const held = new Secret("OnlyLettersAreInThisToken");
    for (const repeated of [held.reveal(), `x#${held.reveal()}`])
      await expect(printed(SSO, answering(JSON.stringify({ __type: repeated }), 403).login)).rejects.not.toThrow(
        /OnlyLetters/,
      );
    for (const __type of ["evil\r\nname", "x".repeat(70_000), 1, null])
      await expect(printed(SSO, answering(JSON.stringify({ __type }), 403).login)).rejects.toThrow(/\(HTTP 403\)\.$/);
  });
});

describe("a web identity", () => {
  test("is sent to the service that the call names, for a session of the account's name", async () => {
    const origins = ["https://sts.eu-central-1.amazonaws.com"];
    const { sent, login } = answering(XML, 200, { origins, userName: "me and/you@example.org" });
    expect(await printed(WEB, login)).toEqual(ANSWER);
    const [{ url = "", method = "", body = "" } = {}] = sent;
    expect({ url, method }).toEqual({ url: "https://sts.eu-central-1.amazonaws.com/", method: "POST" });
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: ARN,
      RoleSessionName: "me-and-you@example.org",
      WebIdentityToken: "t0ken",
    });
  });

  test("goes nowhere where no service is named", async () => {
    const { sent, login } = answering(XML);
    await expect(printed(WEB, login)).rejects.toThrow("--origin https://sts.");
    expect(sent).toEqual([]);
  });

  test("a refusal is told by its status and its code", async () => {
    const text =
      "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>evil</Message></Error></ErrorResponse>";
    const { login } = answering(text, 400, { origins: ["https://sts.example"] });
    await expect(printed(WEB, login)).rejects.toThrow("gave no credentials (HTTP 400, InvalidIdentityToken).");
  });
});

test("credentials without an end, or with what no variable holds, aren't handed out", async () => {
  const { expiration: _, ...endless } = ROLE;
  const replies: unknown[] = [
    ...["", "{", null, [], {}, { roleCredentials: null }, { roleCredentials: endless }],
    ...[
      { ...ROLE, expiration: null },
      { ...ROLE, expiration: "soon" },
      { ...ROLE, accessKeyId: 1 },
    ]
      .concat([
        { ...ROLE, sessionToken: "a\r\nb" },
        { ...ROLE, secretAccessKey: "x".repeat(70_000) },
      ] as never)
      .map((roleCredentials) => ({ roleCredentials })),
  ];
  for (const reply of replies) {
    const { login } = answering(typeof reply === "string" ? reply : JSON.stringify(reply));
    await expect(printed(SSO, login)).rejects.toThrow("holds no credentials");
  }
  const origins = ["https://sts.example"];
  for (const xml of ["", "<Credentials>", XML.replace(/<Expiration>.*<\/Expiration>/, ""), XML.replace("t+/==", "&x;")])
    await expect(printed(WEB, answering(xml, 200, { origins }).login)).rejects.toThrow("holds no credentials");
});

test("credentials that are over aren't handed out, nor those whose end is in seconds", async () => {
  const origins = ["https://sts.example"];
  for (const expiration of [END, Math.floor(END / 1000), 0])
    await expect(
      printed(SSO, answering(JSON.stringify({ roleCredentials: { ...ROLE, expiration } }), 200, { now: END }).login),
    ).rejects.toThrow("are over already");
  await expect(printed(WEB, answering(XML, 200, { origins, now: END }).login)).rejects.toThrow("are over already");
});

test("what names no role is refused, and nothing of it is repeated", async () => {
  for (const words of [
    [],
    ["--account", "123456789012"],
    ["--account", "12345", "--role", "ReadOnly"],
    ["--account", "123456789012", "--role", "evil&account_id=2"],
    ["--account", "123456789012", "--role", "evil\r\n"],
    ["--account", "123456789012", "--role", "x".repeat(65_536)],
    [...SSO, ...WEB],
    [...SSO, "--role", "evil"],
    ["--role-arn", "evil"],
    ["--role-arn", `${ARN}\0evil`],
    ["--evil", "x"],
    ["--role"],
  ]) {
    const error = await asked(aws, words, "").catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).not.toMatch(/evil|xxx/);
  }
});
