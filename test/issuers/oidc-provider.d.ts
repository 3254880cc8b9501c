/** The package has no types of its own; this is the little that is used of it. */
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  export default class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>);
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    on(event: string, listener: (...values: never[]) => void): this;
  }
  export const errors: { readonly InvalidTarget: new () => Error };
}
