/** The catalogue's addresses as endpoints, origins, and variants for those that depend on what a connection says. */
import type { EndpointName, ProviderDefinition } from "../schema.ts";
import type { Draft } from "./draft.ts";
import { alternatives, asked, templateOf } from "./placeholders.ts";

type Endpoints = Partial<Record<EndpointName, string>>;

export class Addresses {
  readonly endpoints: Endpoints = {};
  readonly #origins: string[] = [];
  /** For when a value is given: its name → what is different then. */
  readonly #given = new Map<string, Endpoints>();
  readonly #draft: Draft;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  add(name: EndpointName, field: string, text: string | undefined): void {
    if (text === undefined || text === "") return;
    const [first = "", second, ...more] = alternatives(this.#draft, text);
    const [value, ...others] = asked(first);
    if (second !== undefined && (value === undefined || others.length > 0 || more.length > 0)) {
      this.#draft.lose(field, "has more alternatives than variants can tell apart");
      return;
    }
    const template = templateOf(this.#draft, field, first);
    if (template === null) return;
    if (second === undefined || value === undefined) {
      this.endpoints[name] = template;
      return;
    }
    if (this.#draft.defaults.has(value)) {
      // There is always a value, so that the other address is never used.
      this.#draft.lose(field, "may be an address that only the provider's answer names: it isn't followed");
      this.endpoints[name] = template;
      return;
    }
    const otherwise = templateOf(this.#draft, field, second);
    if (otherwise === null) return;
    for (const either of [value, ...asked(second)]) this.#draft.optional.add(either);
    this.endpoints[name] = otherwise;
    this.#given.set(value, { ...this.#given.get(value), [name]: template });
  }

  /** Where its API is: tokens may go to those origins too. */
  addOrigins(field: string, text: string | undefined): void {
    for (const alternative of text === undefined ? [] : alternatives(this.#draft, text)) {
      const [origin] = /^https?:\/\/[^/?#]+/.exec(alternative) ?? [];
      if (origin === undefined) {
        if (asked(alternative).length > 0)
          this.#draft.lose(field, "is known only after a login: its origin can't be declared");
        continue;
      }
      const template = templateOf(this.#draft, field, origin);
      if (template !== null) this.#origins.push(template);
    }
  }

  described(): Pick<ProviderDefinition, "endpoints" | "origins" | "variants"> {
    if (this.#given.size > 1) this.#draft.lose("token_url", "hangs on more values than variants can tell apart");
    const variants = [...this.#given].map(([value, endpoints]) => ({
      when: { [this.#draft.settings.get(value) ?? value]: ".+" },
      endpoints,
    }));
    const ofEndpoints = Object.values(this.endpoints).map((url) => /^https?:\/\/[^/?#]+/.exec(url)?.[0]);
    const origins = [...new Set(this.#origins)].filter((origin) => !ofEndpoints.includes(origin));
    return { endpoints: this.endpoints, origins, variants };
  }

  /** Whether a setting is a whole host somewhere. */
  isHost(setting: string): boolean {
    const all = [
      ...Object.values(this.endpoints),
      ...this.#origins,
      ...[...this.#given.values()].flatMap(Object.values),
    ];
    return all.some((url) => new RegExp(`^https?://\\{${setting}\\}(/|$)`).test(url));
  }
}
