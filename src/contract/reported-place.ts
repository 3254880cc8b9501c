/** The account's host, as a contract test's issuer reports it in the browser's answer and in the token reply. */
import { resolveProvider } from "../providers/resolve.ts";
import { type Body, put } from "./bodies.ts";
import { discoveredEndpoints } from "./discovery.ts";
import type { Issuer } from "./issuer.ts";
import { sampleReports } from "./sample.ts";

export class ReportedPlace {
  /** Setting → its reported value. */
  readonly values: Record<string, string>;
  readonly #issuer: Issuer;
  #said: Record<string, string> = {};
  #strange: string | null = null;

  constructor(issuer: Issuer) {
    const { definition, settings } = issuer.provider;
    this.#issuer = issuer;
    this.values = sampleReports(definition, settings);
  }

  /** Reports a value that no description allows. */
  reportStrange(name: string, value: string): void {
    this.values[name] = value;
    this.#strange = name;
  }

  /**
   * A login begins, and nothing is reported yet.
   * @returns the settings that say where, for a login that would otherwise begin where the one before ended
   */
  begin(): Record<string, string> {
    const { provider } = this.#issuer;
    this.#said = {};
    this.#issuer.endpoints = discoveredEndpoints(provider);
    return Object.fromEntries(Object.entries(provider.settings).filter(([name]) => Object.hasOwn(this.values, name)));
  }

  /** Parameters of the answer. */
  sayInAnswer(): [name: string, value: string][] {
    return this.#say("answer").map(({ place, value }) => [place, value]);
  }

  sayInReply(body: Body): void {
    for (const { name, place, value } of this.#say("reply")) put(body, place, value, `settings.${name}.from.reply`);
  }

  /** From then on the issuer is at the reported host. */
  #say(source: "answer" | "reply"): { name: string; place: string; value: string }[] {
    const { definition, settings } = this.#issuer.provider;
    const said = Object.entries(this.values).flatMap(([name, value]) => {
      const place = definition.settings?.[name]?.from?.[source];
      return place === undefined ? [] : [{ name, place, value }];
    });
    if (said.length === 0) return said;
    for (const { name, value } of said) if (name !== this.#strange) this.#said[name] = value;
    this.#issuer.endpoints = discoveredEndpoints(resolveProvider(definition, { ...settings, ...this.#said }));
    return said;
  }
}
