/** The errors for another program's file that isn't read or changed. */
import { AuthError } from "../platform/errors.ts";

export function refused(message: string, hint: string): AuthError {
  return new AuthError("import_refused", message, { hint: `${hint}\nNothing was changed.` });
}

/** The file isn't as its program writes it. */
export function unknownForm(path: string, title: string, what: string): AuthError {
  return refused(
    `${path} isn't in a form that is known here: ${what}.`,
    `It may be damaged, or of a newer ${title}: look at it with ${title} itself.`,
  );
}

export function locked(path: string, title: string): AuthError {
  return new AuthError("busy", `${path} is locked: ${title} is using it.`, {
    hint: "Wait until it is done, then try again. Nothing was changed.",
  });
}

export function changed(path: string): AuthError {
  return refused(`${path} was changed by another program meanwhile.`, "Try again.");
}
