/**
 * `credential_process` of AWS' CLI and libraries:
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 *
 * Each call exchanges a token for a role's credentials: at the access portal of IAM Identity Center, or at a security
 * token service that takes another issuer's token. The CLI keeps nothing, libraries keep them until 1 to 15 minutes before
 * their end.
 */
import { roleCredentials, webIdentity } from "./aws-requests.ts";
import { originOfUrl } from "./origin.ts";
import { BadRequest, type Call, type ClientRequest, type Credential, failed, type Protocol } from "./protocol.ts";

export default {
  minTtl: 60,
  margin: 0,
  // In the library for Go; the others wait.
  timeLimit: 60,
  needsConnection: true,
  ownWords: (words) => {
    const first = words.findIndex((word) => word.startsWith("-"));
    return first < 0 ? 0 : words.length - first;
  },
  ask,
  checkWords,
  none: () => failed("auth: There is no connection for AWS."),
  failure: failed,
} satisfies Protocol as Protocol;

const OPTIONS = ["--account", "--role", "--role-arn"] as const;
type Options = Partial<Record<(typeof OPTIONS)[number], string>>;

async function ask({ words }: Call): Promise<ClientRequest> {
  const wanted = roleIn(words);
  if ("arn" in wanted)
    return {
      kind: "token",
      place: null,
      answer: (credential) => webIdentity(credential, serviceOf(credential), wanted.arn),
    };
  return {
    kind: "token",
    place: null,
    answer: (credential) => roleCredentials(credential, portalOf(credential), wanted),
  };
}

function checkWords(words: readonly string[], origins: readonly string[]): void {
  if ("arn" in roleIn(words)) serviceOf({ origins });
}

/** @throws BadRequest */
function roleIn(
  words: readonly string[],
): { readonly arn: string } | { readonly account: string; readonly role: string } {
  const { "--account": account, "--role": role, "--role-arn": arn } = optionsIn(words);
  if (arn !== undefined && account === undefined && role === undefined) {
    if (!/^arn:[\w:+=,.@/-]{1,2000}$/.test(arn)) throw new BadRequest("The role's ARN isn't one.");
    return { arn };
  }
  if (arn !== undefined || !/^\d{12}$/.test(account ?? "") || !/^[\w+=,.@-]{1,64}$/.test(role ?? ""))
    throw new BadRequest("Say which role: --account <12 digits> --role <name>, or --role-arn <arn> of a web identity.");
  return { account: account ?? "", role: role ?? "" };
}

function optionsIn(words: readonly string[]): Options {
  const found: Options = {};
  for (let at = 0; at < words.length; at++) {
    const [written = "", attached] = (words[at] ?? "").split(/=(.*)/s, 2);
    const option = OPTIONS.find((one) => one === written);
    const value = attached ?? words[++at];
    if (option === undefined || value === undefined || found[option] !== undefined)
      throw new BadRequest("This takes --account and --role, or --role-arn, once each.");
    found[option] = value;
  }
  return found;
}

/** The portal of the login's region, unless the call names another. */
function portalOf({ origins: [origin], settings: { region } }: Credential): string {
  if (origin !== undefined) return origin;
  if (region === undefined) throw new BadRequest("This is no login at an IAM Identity Center: it has no region.");
  return originOfUrl(`https://portal.sso.${region}.amazonaws.com/`);
}

function serviceOf({ origins: [origin] }: Pick<Credential, "origins">): string {
  if (origin !== undefined) return origin;
  throw new BadRequest("Say which service takes the token: --origin https://sts.<region>.amazonaws.com");
}
