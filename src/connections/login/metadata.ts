/** What an issuer says about itself, and what a description says of it: the issuer wins, but leads no token elsewhere. */
import type { IssuerDocument } from "../../oauth/discovery.ts";
import { ownValue } from "../../platform/json.ts";
import { originOf } from "../../platform/url.ts";
import type { Dialect } from "../../providers/defaults.ts";
import type { ResolvedProvider } from "../../providers/resolve.ts";

/**
 * Without the endpoints that the description has too, and that the issuer puts at an origin which the description doesn't
 * name: a person agreed to those origins (RULES.md 3.1), and a document can change.
 * @param leaveOut is given each of them
 */
export function atKnownOrigins(
  document: IssuerDocument,
  { issuer, endpoints, origins }: ResolvedProvider,
  leaveOut: (name: string, url: string) => void,
): IssuerDocument {
  const known = [...origins, ...(issuer === null ? [] : [originOf(issuer)])];
  const kept = (urls: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(urls).filter(([name, url]) => {
        const isKept = ownValue(endpoints, name) === undefined || known.includes(originOf(url));
        if (!isKept) leaveOut(name, url);
        return isKept;
      }),
    );
  return { ...document, endpoints: kept(document.endpoints), mutualTls: kept(document.mutualTls) };
}

/** A description may not know that the issuer has come to take PKCE by S256. A hash written in another way is no guess. */
export function withMetadata(dialect: Dialect, document: IssuerDocument | null): Dialect {
  const { authorize } = dialect;
  const isWeaker = authorize.pkce === false || authorize.pkce === "plain";
  if (!isWeaker || !document?.challengeMethods?.includes("S256")) return dialect;
  const { code_challenge_method: method, ...others } = authorize.names;
  const names = method === undefined || method === false ? others : authorize.names;
  return { ...dialect, authorize: { ...authorize, names, pkce: true } };
}
