/**
 * Where logins are kept by other programs: one small file for each source, all of this shape. A source knows its program's
 * files and nothing of ours; reading never changes them.
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
  /** The file that the person named, in the place of the usual ones. */
  readonly file: string | null;
}

/** A file, and how it is read. */
export type Place =
  | { readonly path: string; readonly readText: (file: ForeignFile) => Awaitable<readonly Found[]> }
  | { readonly path: string; readonly readDatabase: (database: ForeignDatabase) => Awaitable<readonly Found[]> };

type Awaitable<T> = T | Promise<T>;

/** One login, token or key that was found. */
export interface Found {
  /** As its program calls it; null where the file doesn't say. */
  readonly account: string | null;
  readonly target: Target;
  /** It is the one that its program uses where none is named. */
  readonly isChosen?: true;
  /** null: it stays where it is, whatever is asked; `stays` says why. */
  readonly credential: Credential | null;
  readonly stays?: string;
  /** How it is taken out of its place. Absent: only its program can; `removeBy` is the command. */
  readonly removal?: Removal;
  readonly removeBy?: string;
}

/** Whose it is: a provider's by name, or what is at a host, in a variable, at an MCP server. */
export type Target =
  | {
      readonly by: "provider";
      readonly provider: string;
      readonly settings?: Readonly<Record<string, string>>;
      /** Part of the connection's name, where the account alone doesn't tell it from others. */
      readonly place?: string;
    }
  /** `path`: below the host, where that tells it from others. */
  | { readonly by: "host"; readonly host: string; readonly path?: string }
  | { readonly by: "variable"; readonly variable: string }
  | { readonly by: "server"; readonly url: string; readonly issuer: string | null };

export interface Credential {
  readonly kind: "login" | "access token" | "key" | "key file";
  /** A program prints it: it is asked only once it is taken. */
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
  /** @returns the text without it; null: nothing is left, the file goes. The same text: it isn't there any more */
  | {
      readonly from: "text";
      readonly edit: (text: string) => string | null;
      /** A file that its program makes while it uses the other. */
      readonly lock?: string;
    }
  | { readonly from: "database"; readonly statements: readonly Statement[] };
