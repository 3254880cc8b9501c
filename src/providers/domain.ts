/**
 * The owner of a host's name. `shared-domains.json` lists common domains under which anyone can have a name; no list is
 * complete (https://publicsuffix.org).
 */
import { domains } from "./shared-domains.json";

/** Second-level names under which a country's registry, and not an owner, gives out names: `co.uk`, `com.au`, `or.jp`. */
const SECOND_LEVEL = /^(ac|co|com|edu|gob|go|gov|ltd|me|ne|net|nom|or|org|plc|sch)$/;

/**
 * The part of a host's name that has one owner: `acme.co.uk` of `login.acme.co.uk`. null: it has no such part, or is an
 * address.
 */
export function domainOf(host: string): string | null {
  const labels = host.toLowerCase().split(".");
  if (labels.length < 2 || labels.includes("") || /^\d+$/.test(labels.at(-1) ?? "")) return null;
  const shared = domains.find((one) => host.toLowerCase() === one || host.toLowerCase().endsWith(`.${one}`));
  const isOfCountry = labels.at(-1)?.length === 2 && SECOND_LEVEL.test(labels.at(-2) ?? "");
  const count = (shared?.split(".").length ?? (isOfCountry ? 2 : 1)) + 1;
  return labels.length < count ? null : labels.slice(-count).join(".");
}
