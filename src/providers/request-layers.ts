/**
 * Every request whose form a description can declare: the field for it, and the request's parameters in the RFCs. Rules about
 * requests use this list, so that none is forgotten.
 */
import { MINTING_FLOWS } from "./minting.ts";
import type { ProviderDefinition } from "./schema.ts";

type Request = NonNullable<ProviderDefinition["request"]>;

export interface RequestLayer {
  /** `refresh.request` */
  readonly path: string;
  readonly given: Omit<Request, "method"> & { readonly method?: Request["method"] | "DELETE" | undefined };
  /** By the names of the RFCs. */
  readonly parameters: readonly string[];
  readonly grantTypes: readonly string[];
}

const OF_CLIENT = ["client_id", "client_secret", "client_assertion", "client_assertion_type"];
const OF_TOKENS = [...OF_CLIENT, "grant_type", "resource"];
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";

/** RFC 7009 §2.1, and RFC 6749's for the client. */
export const REVOCATION_PARAMETERS: readonly string[] = ["token", "token_type_hint", ...OF_CLIENT];
const OF_MINTING = [
  ...[...OF_TOKENS, "scope", "assertion", "subject_token", "subject_token_type"],
  ...["audience", "requested_token_type"],
];
const OF_ANY = [
  ...[...OF_MINTING, "code", "redirect_uri", "code_verifier", "refresh_token", "device_code"],
  ...["token", "token_type_hint"],
];

/** Those that the description has; `request`, which the others are laid over, first. */
export function requestLayers(definition: ProviderDefinition): RequestLayer[] {
  const { request, refresh, longLived, device, revocation, minting = {} } = definition;
  const layers: [path: string, given: RequestLayer["given"] | undefined, has: string[], grants: string[]][] = [
    [
      "request",
      request,
      OF_ANY,
      ["authorization_code", "refresh_token", "client_credentials", DEVICE_GRANT, JWT_GRANT, EXCHANGE_GRANT],
    ],
    ["refresh.request", refresh?.request, [...OF_TOKENS, "refresh_token", "scope"], ["refresh_token"]],
    ["longLived.request", longLived?.request, [...OF_TOKENS, longLived?.parameter ?? ""], []],
    ["device.request", device?.request, [...OF_CLIENT, "scope", "resource"], []],
    ["device.poll.request", device?.poll?.request, [...OF_TOKENS, "device_code"], [DEVICE_GRANT]],
    ["revocation.request", revocation?.request, [...REVOCATION_PARAMETERS], []],
    ...MINTING_FLOWS.map((flow): (typeof layers)[number] => [
      `minting.${flow}.request`,
      minting[flow]?.request,
      [...OF_MINTING, ...Object.keys(minting[flow]?.parameters ?? {})],
      ["client_credentials", JWT_GRANT, EXCHANGE_GRANT],
    ]),
  ];
  return layers.flatMap(([path, given, parameters, grantTypes]) =>
    given === undefined ? [] : [{ path, given, parameters, grantTypes }],
  );
}
