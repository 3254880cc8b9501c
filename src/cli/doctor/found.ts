/** What a check of `doctor` found. */
import { AuthError } from "../../platform/errors.ts";
import type { Session } from "../session.ts";

export type Examine = (session: Session, offline: boolean) => Promise<Found[]>;

export interface Found {
  readonly status: "ok" | "warn" | "fail";
  readonly detail: string;
  readonly remedy: string | null;
}

export interface Check extends Found {
  readonly name: string;
}

export function fine(detail: string): Found {
  return { status: "ok", detail, remedy: null };
}

export function doubtful(detail: string, remedy: string | null = null): Found {
  return { status: "warn", detail, remedy };
}

/** A check that couldn't be made. @param why as a clause: `the vault can't be opened` */
export function unknown(why: string): Found {
  return doubtful(`not looked at: ${why}`);
}

/** An AuthError is a finding; any other error is a fault of this program. */
export function broken(error: unknown): Found[] {
  if (!(error instanceof AuthError)) throw error;
  return [{ status: "fail", detail: error.message, remedy: error.hint ?? null }];
}
