/** What install.sh and install.ps1 learn from the release: where it is, which it is, and whose signatures count. */
export interface Filling {
  readonly url: string;
  readonly version: string;
  /** The current public key and the next one: ECDSA P-256, PEM (SPKI). */
  readonly keys: readonly string[];
  readonly minisignKey: string;
}

/** @param template the script, whose values are `'@NAME@'` @throws Error for a value that would end its quotes */
export function fillScript(template: string, { url, version, keys, minisignKey }: Filling): string {
  const values: Record<string, string> = {
    URL: url,
    VERSION: version,
    KEYS: keys.join("").trim(),
    MINISIGN_KEY: minisignKey,
  };
  return template.replace(/@([A-Z_]+)@/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${whole} is no value of a release`);
    if (value.includes("'")) throw new Error(`${name} can't be written into a script: ${value}`);
    return value;
  });
}
