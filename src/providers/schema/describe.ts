/**
 * What each field of a description means, in a sentence: for editors (the JSON Schema and the types) and for
 * docs/provider-contract.md. Paths as `outline.ts` writes them; a test sees to it that none is missing or too many.
 */
export const MEANINGS: Readonly<Record<string, string>> = {
  id: "What the provider is called on the command line: `auth login <id>`.",
  title: "What people call it.",
  aliases: "Other names that people look for it by: taken wherever its id is. None may be another provider's.",
  docs: "The provider's own documentation.",
  quirks: "What people run into, one line each: for its page in the documentation.",
  assumed: "What its own documentation doesn't confirm, each with what overrides it, one line each.",
  tokenPatterns:
    "Patterns by which its tokens are recognised in text that must not hold them. Never of a fixed length: tokens grow.",

  settings: "What a connection must or may say about itself: host, tenant, region. Each is a flag of `auth login`.",
  "settings.*.title": "One line for help.",
  "settings.*.kind": "What its value must be. A `host` may have a port, and may be given as an https URL.",
  "settings.*.flag": "Its flag, without dashes.",
  "settings.*.env": "Variables that its ecosystem's tools read for it, in order. Read at login only.",
  "settings.*.default": "Its value where nobody says another.",
  "settings.*.pattern": "The whole value must match.",
  "settings.*.choices": "The only values it can have.",
  "settings.*.required": "A login without it is refused: beside `flows`, one by those.",
  "settings.*.flows": "The only flows that it means anything to: others don't ask for it.",

  issuer:
    "Asked for its endpoints at login (RFC 8414, OpenID Connect Discovery 1.0); what it says goes before `endpoints`.",
  endpoints: "Where requests go: https URLs, templates over the settings.",
  "endpoints.authorization": "Where the browser is sent (RFC 6749 §3.1).",
  "endpoints.device": "Where a device code is asked for (RFC 8628 §3.1).",
  "endpoints.token": "Where tokens are asked for (RFC 6749 §3.2).",
  "endpoints.refresh": "Where tokens are refreshed, if that isn't `token`.",
  "endpoints.mint": "Where tokens are minted, for the flows of `minting` that say so.",
  "endpoints.revocation":
    "Where tokens are revoked (RFC 7009). May hold `{clientId}` where the style is `delete-basic`.",
  "endpoints.userinfo": "What a token is asked with: whose is it?",
  "endpoints.introspection": "What tells about a token (RFC 7662).",
  origins: "Further origins that its tokens may be sent to: those of its API.",
  movedFrom:
    "Origins where its endpoints were before: a login made there goes on at the new ones. Only for what is part of auth; a plugin's logins stay where they were made.",

  variants:
    "What differs where settings match: another host, a national cloud. The first that matches is laid over the rest: its endpoints one by one, the other fields as a whole.",
  "variants[].when": "Setting → pattern that its whole value must match.",
  "variants[].issuer": "Instead of the description's.",
  "variants[].endpoints": "Laid over the description's, one by one.",
  "variants[].origins": "Instead of the description's.",
  "variants[].environment": "Instead of the description's.",

  client: "The OAuth client that someone needs to log in with.",
  "client.id": "A public client that comes with the description: used where nobody names another. It has no secret.",
  "client.create": "The page on which to create one.",
  "client.notes": "What to tick or mind there, one line each.",
  "client.kind": "`public` clients must not have a secret, `confidential` ones must, `either` may.",
  "client.authentication": "How a client with a secret proves it (RFC 6749 §2.3.1).",
  "client.secretOnRefresh": "Whether a client that has a secret sends it when it refreshes.",
  "client.assertion": "What a client says that proves itself with a key (`private_key_jwt`, RFC 10070).",
  "client.assertion.audience": "Whom it names: the `issuer` alone, or the `endpoint` that the request goes to.",
  "client.assertion.typ": "The type in its header.",
  "client.environment": "Variables that its ecosystem's tools read for the client.",
  "client.environment.id": "Variables with the client's id, in order.",
  "client.environment.secret": "Variables with the client's secret, in order.",

  authorize: "The authorization request.",
  "authorize.parameters":
    "Further parameters of it, templates over the settings. Those of the protocol itself can't be among them.",
  "authorize.offlineParameters":
    "Further parameters where the request asks for `scopes.offline`: `prompt=consent` (OpenID Connect Core §11).",
  "authorize.names":
    "The standard's parameter → the provider's name for it; false: it is not sent. `state` is looked for in the answer under the name that it was sent by.",
  "authorize.nonce":
    "When a nonce is sent, and demanded back in the ID token: `openid`, with that scope; `always`; `never`, where the issuer doesn't give it back.",
  "authorize.fragment": "The page takes the request behind its `#`, after this path.",
  "authorize.codeParameter": "The answer's parameter that holds the code.",
  "authorize.extra": "Further parameters of the answer to keep with the connection.",
  "authorize.pkce": "Whether it carries a PKCE challenge (RFC 7636, S256).",
  "authorize.redirect": "The loopback redirect as this provider wants it registered (RFC 8252 §7.3).",
  "authorize.redirect.host": "Its host; the port is chosen at each login.",
  "authorize.redirect.port": "Its port, where the provider wants the very one that is registered.",
  "authorize.redirect.path": "Its path.",

  scopes: "What is asked for.",
  "scopes.default": "The scopes of a login that names none.",
  "scopes.separator": "Between two scopes of a request.",
  "scopes.replySeparator": "Between two scopes of a reply, besides blanks.",
  "scopes.offline":
    "The scope that asks for a refresh token: asked for with `scopes.default`, unless the issuer lists its scopes and this isn't one.",

  "scopes.resource":
    "The scope that stands for an API (`--resource`), with `{resource}` in it, where none is sent as RFC 8707 has it.",

  request: "How token requests are written.",
  "request.format": "Where the parameters go: into the body as a form or as JSON, or into the address.",
  "request.method": "The method of a token request.",
  "request.headers": "Further headers.",
  "request.tokenParameters": "Further parameters of the request that brings the first tokens.",
  "request.refreshParameters": "Further parameters of a refresh, templates over the settings.",
  "request.names": "RFC 6749's parameter → the provider's name for it; false: it is not sent.",
  "request.grantTypes": "RFC 6749's grant type → the provider's.",

  reply: "Where a token reply has what. Paths are dotted: `authed_user.access_token`.",
  "reply.alternate": "A group of the reply that stands for the whole where that has no access token: `authed_user`.",
  "reply.accessToken": "The access token.",
  "reply.refreshToken": "The refresh token. Absent: the old one is kept (RFC 6749 §6).",
  "reply.tokenType": "The token's type.",
  "reply.tokenTypes": "Types, besides `Bearer` and `DPoP`, of tokens that are used like a bearer token here.",
  "reply.scope": "The granted scopes. Absent: unchanged (RFC 6749 §5.1).",
  "reply.idToken": "The ID token.",
  "reply.expiry": "How long the access token lives.",
  "reply.expiry.path": "The field that says it. `expires_in` and `expires_at` beside it are read too.",
  "reply.expiry.unit": "What it is counted in: from now, or as a time.",
  "reply.expiry.absent":
    "What it means when neither the reply nor the token says it: so many seconds, or `never`: never due by time.",
  "reply.expiry.introspect":
    "Whether the introspection endpoint is asked (RFC 7662): what it says goes before `absent`.",
  "reply.refreshExpiresIn": "Seconds until the refresh token ends.",
  "reply.refreshTimeout": "Seconds that a refresh token may lie unused (draft-ietf-oauth-refresh-token-expiration).",
  "reply.authorizationExpiresIn":
    "Seconds until the whole authorization ends, however often its tokens are refreshed (the same draft).",
  "reply.error": "An error's code.",
  "reply.errorDescription": "An error's words.",
  "reply.extra": "Further fields to keep with the connection.",

  refresh: "What happens when tokens are refreshed. What isn't known is left out: the defaults are the careful ones.",
  "refresh.credential":
    "What is sent for new tokens: a refresh token, or the access token itself, where that is what renews it.",
  "refresh.request":
    "How this request differs from the one that brings the first tokens: laid over `request`, field by field.",
  "refresh.request.format": "As that of `request`.",
  "refresh.request.method": "As that of `request`.",
  "refresh.request.headers": "As those of `request`.",
  "refresh.request.names": "As those of `request`.",
  "refresh.request.grantTypes": "As those of `request`.",
  "refresh.rotation":
    "`none`: an old refresh token still works. `rotating`: a refresh kills it. `family`: and its replay ends the grant.",
  "refresh.graceSeconds": "For how many seconds a used refresh token still works.",
  "refresh.killsAccessToken": "Whether the old access token dies with a refresh.",
  "refresh.scope": "Which scope a refresh sends: none, or those that were granted and `scopes.offline`.",
  "refresh.lifetime": "How long a refresh token lives where the reply doesn't say.",
  "refresh.lifetime.slidingSeconds": "Seconds from its last use.",
  "refresh.lifetime.absoluteSeconds": "Seconds from the login, however often it is used.",
  "refresh.marginSeconds":
    "A refresh is due when less than this many seconds are left; never more than half the token's lifetime.",

  errors: "What the provider's errors mean.",
  "errors.codes": "Code, or sub-code, → its class. Laid over those of the RFCs. `HTTP 404`: a reply without a code.",
  "errors.codes.*.class":
    "`dead`: log in again. `client`: the client is refused. `interaction`: a person must act. `transient`: it passes. `denied`, `expired`, `pending`, `slow_down`: of the device flow.",
  "errors.codes.*.meaning": "What happened, in a sentence.",
  "errors.codes.*.remedy": "What helps, in a sentence.",
  "errors.subcodes": "Where sub-codes stand in an error reply; they are looked up before the code.",
  "errors.subcodePrefix": "What goes before a sub-code that is a number.",

  device: "The device flow (RFC 8628).",
  "device.fields": "Its reply's field → the provider's name for it.",
  "device.needsSecret": "Whether a client that has a secret sends it, asking for codes and polling (RFC 8628 §3.4).",

  "device.errors": "Codes that mean something else in the answer to a request for a code.",

  revocation: "How a login ends at the provider.",
  "revocation.style":
    "`rfc7009` posts the token. `delete-basic`: DELETE, the client's Basic credentials, JSON `{access_token}`.",
  "revocation.needsSecret": "Only a client with a secret can revoke.",
  "revocation.endsGrant": "Revoking one token ends the whole grant, other connections' included.",

  environment: "Environment variables that carry a token.",
  "environment.read": "Those that its ecosystem's tools read, in order.",
  "environment.write":
    "Those that `auth run` and `auth export` set: variable → value. `{token}` alone under a name such as `ACME_TOKEN`; a host, or one setting that a person gave, under others (docs/providers.md).",

  account: "Who a token belongs to. Of several paths the first with a value counts.",
  "account.from": "What says so: `endpoints.userinfo`, the token reply, or the ID token.",
  "account.id": "What never changes.",
  "account.label": "What people know it by.",
  "account.organization": "The organization or tenant.",
  "account.headers": "Further headers of the request to `endpoints.userinfo`.",
  "account.scopesHeader": "A header of its reply that lists the granted scopes.",

  header:
    "The header that carries a token: what `auth token -o header` prints. A template over the settings and `{token}`.",
  basic:
    "What `{basic}` in `header` is the Base64 of (RFC 7617 §2), a template over the settings and `{token}`: `{token}:X`.",
  apiKey: "A token or key made by hand, for the flow `token`.",
  "apiKey.pattern": "The pattern that it must match.",
  "apiKey.create": "The page on which to make one. `{scopes}` is what a login asks for.",
  "apiKey.command":
    "A command by which another tool prints a token that it has. Only what is part of auth has it shown, and run where a person chooses it.",
  "apiKey.belongsTo": "Keys that say where they belong: one of another origin is refused before it is sent anywhere.",
  "apiKey.belongsTo.prefix": "What such a key begins with; JSON in Base64 follows, up to the next `_`.",
  "apiKey.belongsTo.path": "Where in that JSON the URL stands.",

  functions:
    "What data can't say, in modules only. Each gets what would be used, and answers what is used instead: pure, at once, with a deadline.",
  "functions.request": "`{ endpoint, parameters, headers }` → `{ parameters, headers }` of a request to the provider.",
  "functions.reply": "`{ status, headers, body }` of a token reply → the body, which is then read as `reply` says.",
  "functions.account": "The body of an account reply → the body, which is then read as `account` says.",

  minting: "How tokens are had without a person, for each of the flows `client-credentials`, `jwt` and `exchange`.",
  "minting.*.use":
    "`bearer`: the signed JWT is the token. `grant`: it is exchanged for one (RFC 7523 §2.1). `request`: it is the bearer of a POST. `assertion`: it authenticates the client (RFC 7523 §2.2). `exchange`: RFC 8693.",
  "minting.*.sign": "A JWT signed with the connection's own key (RFC 7519). `iat` and `exp` are always in it.",
  "minting.*.sign.algorithm": "By which it is signed.",
  "minting.*.sign.header": "Further fields of its header, templates.",
  "minting.*.sign.claims": "Its claims. One with a name that has no value is left out.",
  "minting.*.sign.lifetimeSeconds": "From `iat` to `exp`.",
  "minting.*.sign.backdateSeconds": "How long ago it says it was issued, for clocks that go behind.",
  "minting.*.sign.unique": "With a `jti`, new each time.",
  "minting.*.needs": "Settings that this flow can't do without.",
  "minting.*.endpoint": "Where the request goes.",
  "minting.*.scopes": "Asked for when nobody says which.",
  "minting.*.parameters": "Further parameters of the request, templates.",
  "minting.*.parameters.*.value": "A template.",
  "minting.*.parameters.*.unless": "The setting that replaces it, where it has a value.",
  "minting.*.request": "Laid over the description's, for this flow.",
  "minting.*.reply": "Laid over the description's, for this flow.",
  "minting.*.errors": "Codes that mean something else here.",
  "minting.*.audience":
    "Whom a token of another issuer (`--subject-token`) must be for: what a CI system is asked for.",
  "minting.*.files": "JSON files that hold a credential, told by their field `type`.",
  "minting.*.files[].type": "The value of that field.",
  "minting.*.files[].key": "Where the private key stands.",
  "minting.*.files[].values": "Name for templates → where its value stands: `email`, `keyId`.",
  "minting.*.files[].endpoint": "Where it names the token endpoint: one of another origin is refused.",
  "minting.*.files[].login": "It is a login with a refresh token instead.",
  "minting.*.files[].login.refreshToken": "Where that stands.",
  "minting.*.files[].login.clientId": "Where its client's id stands.",
  "minting.*.files[].login.clientSecret": "Where its client's secret stands.",
  "minting.*.environment": "Variables with the path of a file, that its ecosystem's tools read.",
  "minting.*.environment.certificate": "Of a certificate with its key.",
  "minting.*.environment.subjectToken": "Of another issuer's token.",
  "minting.*.account": "Whose the tokens are, said without asking. A template.",
  "minting.*.notes": "Where its key or certificate is made, or what to mind, one line each.",

  flows:
    "How it can be logged in to, in order of preference. Where a browser can be opened, `browser` goes before `device`.",
  "flows[].flow": "The flow.",
  "flows[].when": "Offered by default only where the client has a secret, or where a browser can open.",
  "flows[].scopes": "The only scopes it can ask for.",
};
