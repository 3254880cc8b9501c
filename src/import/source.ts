/**
 * Where other programs keep logins: one small file for each source, all of this shape. A source knows its program's files
 * and nothing about auth; reading never changes them.
 */
import type { Surroundings } from "../platform/places.ts";
import type { Secret } from "../platform/secret.ts";
import type { ForeignDatabase, Statement } from "./database.ts";
import type { ForeignFile } from "./file.ts";

export interface ImportSource {
  /** What is typed: `auth import gh`. */
  readonly id: string;
  /** The program, in a sentence: `gh keeps its login there`. */
  readonly title: string;
  /** What else people type for it. */
  readonly otherNames?: readonly string[];
  /** Files that may hold something, whether or not they are there. */
  places(where: Where): readonly Place[];
}

/** Where a source looks. */
export interface Where extends Surroundings {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The file that the person named, instead of the usual ones. */
  readonly file: string | null;
}

/** A file, and how it is read. */
export type Place =
  | { readonly path: string; readonly readText: (file: ForeignFile) => Awaitable<readonly Found[]> }
  | { readonly path: string; readonly readDatabase: (database: ForeignDatabase) => Awaitable<readonly Found[]> };

type Awaitable<T> = T | Promise<T>;

/** The file that the person named, else the usual ones, each read by the same function. */
export function textPlaces(
  { file }: Where,
  usual: readonly string[],
  readText: (file: ForeignFile) => Awaitable<readonly Found[]>,
): Place[] {
  return (file === null ? usual : [file]).map((path) => ({ path, readText }));
}

/** One login, token or key that was found. */
export interface Found {
  /** The program's name for it; null where the file has none. */
  readonly account: string | null;
  readonly target: Target;
  /** The program uses it by default. */
  readonly isChosen?: true;
  /** null: it can't be imported; `stays` says why. */
  readonly credential: Credential | null;
  readonly stays?: string;
  /** How it is removed from the file. Absent: only its program can; `removeBy` is the command. */
  readonly removal?: Removal;
  readonly removeBy?: string;
}

/** What it is for: a provider, a host, the provider of a variable, or an MCP server. */
export type Target =
  | {
      readonly by: "provider";
      readonly provider: string;
      readonly settings?: Readonly<Record<string, string>>;
      /** Part of the connection's name, where the account alone isn't unique. */
      readonly place?: string;
    }
  /** `path`: below the host, for several registries at one host. */
  | { readonly by: "host"; readonly host: string; readonly path?: string }
  | { readonly by: "variable"; readonly variable: string }
  | { readonly by: "server"; readonly url: string; readonly issuer: string | null };

export interface Credential {
  readonly kind: "login" | "access token" | "key" | "key file";
  /** A program prints it: it is run only when the login is imported. */
  readonly program?: { readonly command: readonly string[]; readonly without: readonly string[] };
  readonly accessToken?: Secret;
  readonly refreshToken?: Secret;
  /** Milliseconds since the epoch; absent: the file doesn't say. */
  readonly expiresAt?: number;
  readonly scopes?: readonly string[];
  readonly idToken?: Secret;
  readonly clientId?: string;
  readonly clientSecret?: Secret;
  readonly flow?: "browser" | "device";
  /** The whole text of a key file. */
  readonly keyFile?: Secret;
}

export type Removal =
  /** `edit` returns the text without it; null: the file would be empty, and is removed. The same text: it is gone already. */
  | {
      readonly from: "text";
      readonly edit: (text: string) => string | null;
      /** The program's lock file: it exists while the program uses the file. */
      readonly lock?: string;
    }
  | { readonly from: "database"; readonly statements: readonly Statement[] };
