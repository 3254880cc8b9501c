/** The catalogue's addresses as endpoints, origins, and variants for those that depend on a connection's values. */
import { domainOf } from "../domain.ts";
import type { EndpointName, ProviderDefinition } from "../schema.ts";
import type { Draft } from "./draft.ts";
import { alternatives, asked, hostsOf, templateOf, wholeOrigin } from "./placeholders.ts";

type Endpoints = Partial<Record<EndpointName, string>>;

export class Addresses {
  readonly endpoints: Endpoints = {};
  readonly #origins: string[] = [];
  /** Variants: the name of a value → what is different where it is given. */
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
    if (second !== undefined && this.#isTold(name, field, first, second)) return;
    const template = templateOf(this.#draft, field, first);
    if (template === null) return;
    if (second === undefined || value === undefined) {
      this.endpoints[name] = template;
      return;
    }
    if (this.#draft.defaults.has(value)) {
      // The value is always given, so the other address is never used.
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

  /** An endpoint at a host that the provider's answer names: one of those that the other alternative can be at. */
  #isTold(name: EndpointName, field: string, first: string, second: string): boolean {
    const told = wholeOrigin(second);
    const hosts = told === null ? [] : hostsOf(this.#draft, first);
    const [usual] = hosts;
    if (told === null || usual === undefined || this.#draft.sourceOf(told.name) !== "answer") return false;
    this.#draft.told.set(told.name, { isHost: true, hosts });
    const template = templateOf(this.#draft, field, `https://\${connectionConfig.${told.name}}${told.rest}`);
    if (template === null) return false;
    this.#draft.assumed.push(`Where the answer has no ${told.name}, ${name} is at ${usual}.`);
    this.endpoints[name] = template;
    return true;
  }

  /** An API at a host that the provider's reply names. */
  #toldOrigin(field: string, alternative: string, others: readonly string[]): string | null {
    const told = wholeOrigin(alternative);
    if (told === null || this.#draft.sourceOf(told.name) === null) return null;
    const hosts = others.flatMap((other) => hostsOf(this.#draft, other));
    if (hosts.length === 0 && this.domain() === null) return null;
    this.#draft.told.set(told.name, { isHost: true, hosts });
    return templateOf(this.#draft, field, `https://\${connectionConfig.${told.name}}`);
  }

  /** The API's addresses: tokens may go to those origins, too. */
  addOrigins(field: string, text: string | undefined): void {
    const all = text === undefined ? [] : alternatives(this.#draft, text);
    for (const alternative of all) {
      const told = this.#toldOrigin(
        field,
        alternative,
        all.filter((other) => other !== alternative),
      );
      if (told !== null) {
        this.#origins.push(told);
        continue;
      }
      const [origin] = /^https?:\/\/[^/?#]+/.exec(alternative) ?? [];
      if (origin === undefined) {
        if (asked(alternative).length > 0)
          this.#draft.lose(field, "is known only after a login: its origin can't be declared");
        continue;
      }
      for (const name of asked(origin)) this.#noteSource(field, name);
      const template = templateOf(this.#draft, field, origin);
      if (template !== null) this.#origins.push(template);
    }
  }

  /** A part of a host that no person gives: the provider reports it, or a script finds it. */
  #noteSource(field: string, name: string): void {
    const isAsked = this.#draft.property(name)?.automated !== true;
    // The provider reports nothing before the login: a person gives it.
    const setting = this.#draft.settings.get(name);
    if (setting !== undefined && this.#isInEndpoints(setting)) return;
    if (this.#draft.sourceOf(name) !== null) this.#draft.told.set(name, { isHost: false, hosts: [] });
    else if (!isAsked) this.#draft.lose(field, `is made of ${name}, which code of the catalogue's own finds out`);
  }

  #isInEndpoints(setting: string): boolean {
    return Object.values(this.endpoints).some((url) => url.includes(`{${setting}}`));
  }

  /** The domain that is the provider's own, by the addresses of its login. */
  domain(): string | null {
    const { defaults, settings } = this.#draft;
    const usual = [...defaults].map(([name, value]) => [`{${settings.get(name)}}`, value] as const);
    const hosts = Object.values(this.endpoints).map((url) => {
      const filled = usual.reduce((text, [setting, value]) => text.replaceAll(setting, () => value), url);
      return /^https:\/\/([^/?#]+)/.exec(filled)?.[1] ?? "";
    });
    return domainOf(hosts.find((host) => !/[{}:]/.test(host) && host.includes(".")) ?? "");
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
