/** Rules about requests and their headers, also for revocation and the account. */
import { parseJson } from "../platform/json.ts";
import type { Rule } from "./check.ts";
import { REVOCATION_PARAMETERS, requestLayers } from "./request-layers.ts";
import { headerFault, requestHeaderFault } from "./written.ts";

const TYPES = { form: "application/x-www-form-urlencoded", json: "application/json" } as const;

/** The content type has to match the format. */
const typesFitTheFormat: Rule = (definition, report) => {
  for (const { path, given } of requestLayers(definition)) {
    const { format = "form" } = { ...definition.request, ...given };
    for (const [name, value] of Object.entries({ ...definition.request?.headers, ...given.headers }))
      if (name.toLowerCase() === "content-type" && format !== "query" && !value.toLowerCase().startsWith(TYPES[format]))
        report(
          `${path}.headers.${name}`,
          `can't be ${value}: what is sent is ${TYPES[format]}`,
          `Another format is said in ${path}.format.`,
        );
  }
};

const headersAreHarmless: Rule = (definition, report) => {
  const groups = [
    ...requestLayers(definition).map(({ path, given }) => [`${path}.headers`, given.headers] as const),
    ["account.headers", definition.account?.headers] as const,
  ];
  for (const [path, headers] of groups)
    for (const [name, value] of Object.entries(headers ?? {})) {
      const problem = requestHeaderFault(name);
      if (/[^\t\x20-\x7e]/.test(value)) report(`${path}.${name}`, "has a character that no header can have");
      if (problem !== null) report(`${path}.${name}`, problem);
      else if (/^authorization$/i.test(name))
        report(
          `${path}.${name}`,
          "can't be given: it says who asks",
          /^(revocation|account)\./.test(path) ? "Say it in header." : "How a client proves itself is said in client.",
        );
    }
};

/** Nothing is sent in the body of a GET. */
const parametersFitTheMethod: Rule = (definition, report) => {
  for (const { path, given } of requestLayers(definition)) {
    const { method, format } = { ...definition.request, ...given };
    // The token in its header is all that a bearer sends.
    const isEmpty = path === "revocation.request" && definition.revocation?.style === "bearer";
    if (method === "GET" && format !== "query" && !isEmpty)
      report(
        `${path}.method`,
        "can't be GET: nothing is sent in its body",
        `Put the parameters into the address: ${path}.format = "query".`,
      );
  }
};

const revocationIsWhole: Rule = ({ revocation = {} }, report) => {
  const { style = "rfc7009", request: own, tokens, needsSecret } = revocation;
  const { names = {} } = own ?? {};
  if (style === "rfc7009") {
    for (const name of Object.keys(names))
      if (!REVOCATION_PARAMETERS.includes(name))
        report(
          `revocation.request.names.${name}`,
          "does nothing: no such parameter is sent",
          `It may be: ${REVOCATION_PARAMETERS.join(", ")}.`,
        );
    if (names.token === false)
      report(
        "revocation.request.names.token",
        "leaves out the token that is to be revoked",
        'Where the token is its own bearer, say revocation.style = "bearer".',
      );
    return;
  }
  if (tokens !== undefined) report("revocation.tokens", `does nothing: ${style} sends the access token alone`);
  for (const field of ["names", "format", "authentication"] as const)
    if (own?.[field] !== undefined)
      report(`revocation.request.${field}`, "does nothing: bearer sends no parameters, only the token in its header");
  if (needsSecret === true)
    report("revocation.needsSecret", "makes no sense: the token is its own bearer, and no client is named");
};

const accountIsWhole: Rule = ({ account = {}, settings = {} }, report) => {
  const { method = "GET", body, header } = account;
  if (body !== undefined && method === "GET")
    report("account.body", "does nothing: a GET has none", 'Say account.method = "POST".');
  // The text is sent as it is: braces of JSON are no template.
  if (body !== undefined && parseJson(body) === undefined) report("account.body", "is not JSON");
  if (header === undefined) return;
  const problem = headerFault(header, settings);
  if (problem !== null) report("account.header", problem);
};

export const REQUEST_RULES: readonly Rule[] = [
  headersAreHarmless,
  typesFitTheFormat,
  parametersFitTheMethod,
  revocationIsWhole,
  accountIsWhole,
];
