/**
 * Where a release was published. `.ci/release` compiles it in by `--define COMPILED_RELEASE=<JSON>`; a build from a clone
 * has none.
 */
export interface Release {
  /** Of the folder that holds `manifest.json`, its signature and the files it names. */
  readonly url: string;
  /** Who may sign a manifest, now and next: ECDSA P-256 public keys (SPKI, DER) in base64. */
  readonly keys: readonly string[];
  /** Which of the manifest's files is this one: `linux-x64-musl`. */
  readonly platform: string;
}

declare const COMPILED_RELEASE: Release;

export const RELEASE: Release | null = typeof COMPILED_RELEASE === "undefined" ? null : COMPILED_RELEASE;
