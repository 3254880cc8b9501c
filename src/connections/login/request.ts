/** What a login is asked to do, and what it tells on the way. */
import type { DeviceAuthorization } from "../../oauth/device.ts";
import type { ProtectedResource } from "../../oauth/protected-resource.ts";
import type { AuthError } from "../../platform/errors.ts";
import type { Secret } from "../../platform/secret.ts";
import type { CompanionSecrets } from "../../providers/companions.ts";
import type { EndpointName, Flow } from "../../providers/schema.ts";
import type { ConnectionRef } from "../ref.ts";

export interface LoginRequest {
  readonly ref: ConnectionRef;
  /** null: the provider's order decides, and whether a browser can be opened here. */
  readonly flow: Flow | null;
  /** Replaces the provider's default scopes wholly. */
  readonly scopes: readonly string[] | null;
  /** Asked for besides those, or besides the default. */
  readonly moreScopes?: readonly string[];
  readonly clientId: string | null;
  readonly clientSecret: Secret | null;
  /** Settings given as flags; those not given come from the environment, the profile or the default. */
  readonly settings: Readonly<Record<string, string>>;
  readonly issuer: string | null;
  readonly endpoints: Readonly<Partial<Record<EndpointName, string>>>;
  /** A pasted token or API key. */
  readonly token: Secret | null;
  /** Ask the provider whose a pasted token is. */
  readonly verify: boolean;
  readonly force: boolean;
  /** The login that may be replaced, by its incarnation; null: none may be. Absent: whatever is there at the commit. */
  readonly replaces?: string | null;
  /** What has to come right after it is stored. Where that fails, what was stored before is put back. */
  readonly onStored?: () => Promise<void>;
  /** Milliseconds; null: the flow's own limit. */
  readonly timeout: number | null;
  readonly port: number | null;
  readonly redirectUri: string | null;
  /** Whether a browser can be opened here. */
  readonly canOpenBrowser: boolean;
  /** The API that the tokens are to be for (RFC 8707). */
  readonly resource?: string;
  /** The API of `--resource`, where it is named by a scope: it is among `scopes` then. */
  readonly resourceAsScope?: string;
  /** The API's name isn't sent, though it has one. */
  readonly withoutResource?: true;
  /** What the API at the URL that was given says about itself, where it was asked already. */
  readonly api?: ProtectedResource;
  /** The client's id where the issuer reads a client's metadata from its URL. */
  readonly clientMetadataUrl?: string;
  /** Secrets that go with the tokens, by the companion's name. */
  readonly companions?: CompanionSecrets;
  /** What a flow without a person brings along. */
  readonly credential?: Credential;
  /** Flags of which the rest doesn't say how they were written: `key` → `./key.pem`, `no-browser` → true. */
  readonly asWritten?: Readonly<Record<string, string | true>>;
  /** The words of the command that makes this login, where that isn't `auth login <connection>`. */
  readonly command?: readonly string[];
  /** The command that stores a token without asking whose it is, where that isn't `auth login … --no-verify`. */
  readonly unasked?: string;
}

export interface Credential {
  /** The text of a key file. */
  readonly key?: Secret;
  /** The text of a PEM file with certificate and key. */
  readonly certificate?: Secret;
  /** Another issuer's token: itself, or where it is fetched each time. */
  readonly subjectToken?: { readonly secret: Secret | null; readonly source: string | null };
  readonly code?: Secret;
}

/** A code to be shown. */
export interface DeviceCode extends Omit<DeviceAuthorization, "deviceCode"> {
  /** The client's name, where it is known; else its id, by which the provider's page finds its name. */
  readonly app: string;
}

/**
 * The next line that is pasted; never settles where none comes.
 * @param refused why the last one was none; thrown where no other can be pasted
 */
export type NextPasted = (refused: AuthError | null) => Promise<string>;

/** How the outside hears of a login's steps. Nothing here prints by itself. */
export interface LoginUi {
  /** @param limit milliseconds that are waited for the approval */
  deviceCode(code: DeviceCode, limit: number): void | Promise<void>;
  /** The URL that a browser has to visit. `pasted`: where a person may give its answer instead of the browser. */
  authorize(url: string, redirectUri: string): Promise<{ readonly pasted?: NextPasted }>;
  /** Something the person ought to know. */
  warn(message: string): void;
  /** Asks for a token, without echo; null where no one can be asked. @param create the page on which to make one */
  askToken(title: string, create: string | null): Promise<Secret | null>;
  /** Asks for another secret by its title, without echo; null where no one can be asked. */
  askSecret?(title: string): Promise<Secret | null>;
  /** Asks a yes-or-no question; null where no one can be asked. */
  confirm?(question: string): Promise<boolean | null>;
}
