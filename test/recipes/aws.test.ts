/** The AWS CLI, with a role's credentials that a token brings (docs/recipes.md, AWS), at stubs of the services. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { lacking } from "../support/needs.ts";
import { type Ended, run, tempFolder } from "../support/program.ts";
import { pathWithAuth, recipe } from "../support/recipes.ts";
import { credentialsOf, startTokenHost, type TokenHost } from "../support/token-host.ts";

const skip = lacking("aws");
setDefaultTimeout(60_000);

let host: TokenHost;
/** What S3 was asked with. */
let seen: { key: string | undefined; session: string | null }[];
let count = 0;

beforeAll(async () => {
  if (skip) return;
  host = startTokenHost(async (request, { ownerOf }) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/federation/credentials") {
      const owner = ownerOf(credentialsOf(request)?.token ?? null);
      if (owner === null) return Response.json({ __type: "x#UnauthorizedException" }, { status: 401 });
      return Response.json({ roleCredentials: roleOf(`${searchParams.get("role_name")}-of-${owner}`) });
    }
    if (request.method === "POST") {
      const form = new URLSearchParams(await request.text());
      const owner = ownerOf(form.get("WebIdentityToken"));
      if (owner === null) return new Response("<Error><Code>InvalidIdentityToken</Code></Error>", { status: 400 });
      return new Response(asXml(roleOf(`web-of-${owner}`)));
    }
    const [, key] = /Credential=([^/]+)\//.exec(request.headers.get("authorization") ?? "") ?? [];
    seen.push({ key, session: request.headers.get("x-amz-security-token") });
    const buckets = "<Bucket><Name>a-bucket</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>";
    return new Response(`<ListAllMyBucketsResult><Buckets>${buckets}</Buckets></ListAllMyBucketsResult>`);
  });
  await host.logIn("work");
});
afterAll(() => host?.stop());

function roleOf(session: string) {
  const expiration = Date.now() + 3_600_000;
  return { accessKeyId: `ASIA${++count}`, secretAccessKey: "s3cret", sessionToken: session, expiration };
}

function asXml({ accessKeyId, secretAccessKey, sessionToken, expiration }: ReturnType<typeof roleOf>): string {
  const end = new Date(expiration).toISOString();
  return `<R><Credentials><SessionToken>${sessionToken}</SessionToken><SecretAccessKey>${secretAccessKey}</SecretAccessKey>
    <Expiration>${end}</Expiration><AccessKeyId>${accessKeyId}</AccessKeyId></Credentials></R>`;
}

function list(helper: string): Promise<Ended> {
  const script = recipe("AWS", 0, {
    "auth helper aws aws-sso --account 123456789012 --role ReadOnly": helper,
    "aws s3 ls": `aws --endpoint-url ${host.url} s3 ls`,
  });
  const env = { ...host.env, HOME: tempFolder(), PATH: pathWithAuth("/usr/bin:/bin"), LC_ALL: "C.UTF-8" };
  return run(["sh", "-e", "-c", script], {
    env: { ...env, AWS_EC2_METADATA_DISABLED: "true", AWS_REGION: "eu-central-1" },
  });
}

const role = () => `--account 123456789012 --role ReadOnly`;

test.skipIf(skip)("lists buckets as the role that the access portal gives to the login", async () => {
  seen = [];
  const ended = await list(`auth helper aws oidc:work --origin ${host.url} ${role()}`);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toContain("a-bucket");
  expect(seen).toEqual([{ key: `ASIA${count}`, session: "ReadOnly-of-work" }]);
});

test.skipIf(skip)("lists buckets as a web identity, with the token of the login", async () => {
  seen = [];
  // Its login has no ID token: the access token goes in its place.
  const at = { "https://sts.eu-central-1.amazonaws.com": host.url, " --id-token": "" };
  const [, helper = ""] = /^credential_process = (.*)$/m.exec(recipe("AWS", 1, at)) ?? [];
  const ended = await list(helper);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(seen).toEqual([{ key: `ASIA${count}`, session: "web-of-work" }]);
});

test.skipIf(skip)("a token goes to no portal but the login's own and the one that is named", async () => {
  seen = [];
  const other = "https://portal.sso.eu-central-1.amazonaws.com";
  const ended = await list(`auth helper aws oidc:work ${role()}`);
  expect(ended.code).not.toBe(0);
  expect(ended.stderr).toContain("it has no region");
  const unreachable = await list(`auth helper aws oidc:work --origin ${other.replace("https", "http")} ${role()}`);
  expect(unreachable.stderr).toContain("The origin is http");
  expect(seen).toEqual([]);
  for (const { token } of host.issued) expect(ended.stderr + unreachable.stderr).not.toContain(token);
});
