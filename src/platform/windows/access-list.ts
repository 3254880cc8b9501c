/**
 * Who may use a file on Windows: its access list, in the text form that Windows defines for it ("Security Descriptor
 * String Format"). Where C functions can't be called nothing is set, and nothing is known.
 */
import type { Pointer } from "bun:ffi";
import { load, uint16At } from "../posix.ts";
import { shellWord } from "../shell-word.ts";

/** Accounts that may be in any list: the system and its administrators, who can use every file; and the owner. */
const HARMLESS = ["SY", "BA", "OW", "CO"];
const ALLOWING = ["A", "OA", "XA", "ZA"];
const NAMES: Readonly<Record<string, string>> = {
  WD: "everyone",
  AN: "anonymous users",
  AU: "all users",
  BU: "all users",
  IU: "all users",
  BG: "guests",
  NU: "network users",
};

/**
 * Others than `me` whom a descriptor lets do anything.
 *
 * @param descriptor `O:<owner>D:<flags>(type;flags;rights;;;trustee)…`
 * @param me as such a text names this user
 */
export function othersIn(descriptor: string, me: string): string[] {
  const at = descriptor.indexOf("D:");
  if (at < 0 || descriptor.startsWith("D:NO_ACCESS_CONTROL", at)) return ["everyone"];
  const others = new Set<string>();
  for (const entry of descriptor.slice(at).split("(").slice(1)) {
    const [type = "", flags = "", , , , trustee = ""] = entry.split(/[;)]/);
    // One that is only inherited says nothing of the file itself.
    if (!ALLOWING.includes(type) || flags.includes("IO") || HARMLESS.includes(trustee) || trustee === me) continue;
    others.add(NAMES[trustee] ?? trustee);
  }
  return [...others];
}

/** Only this user and the system may use the file or folder, and what is made in the folder. Silent where it can't be set. */
export function protect(path: string): void {
  const descriptor = fromText(`D:P(A;OICI;FA;;;${sid()})(A;OICI;FA;;;SY)`);
  if (descriptor !== null) advapi()?.SetFileSecurityW(wide(path), (DACL | PROTECTED_DACL) >>> 0, descriptor);
}

export function protectCommand(path: string, isFolder: boolean): string {
  return `icacls ${shellWord(path, "win32")} /inheritance:r /grant:r "*${sid()}:${isFolder ? "(OI)(CI)" : ""}F"`;
}

/** Others who may use it; null where that can't be found out. */
export function othersAt(path: string): string[] | null {
  const me = sid();
  const buffer = new Uint8Array(64 * 1024);
  const needed = new Uint32Array(1);
  if (me === null || !advapi()?.GetFileSecurityW(wide(path), OWNER | DACL, buffer, buffer.length, needed)) return null;
  const found = toText(buffer, OWNER | DACL);
  // Well-known accounts have names of two letters: ours, too, is compared by what it is called there.
  const own = fromText(`O:${me}`);
  return found === null ? null : othersIn(found, (own && toText(own, OWNER)?.slice(2)) || me);
}

/** winnt.h: SECURITY_INFORMATION, TOKEN_QUERY, TokenUser; sddl.h: SDDL_REVISION_1. */
const OWNER = 1;
const DACL = 4;
const PROTECTED_DACL = 0x80000000;
const TOKEN_QUERY = 8;
const TOKEN_USER = 1;
const REVISION = 1;
const CURRENT_PROCESS = -1;

type Functions = NonNullable<ReturnType<typeof bind>>;
let bound: Functions | null | undefined;

function advapi(): Functions | null {
  if (bound === undefined) bound = bind();
  return bound;
}

function bind() {
  return load(
    {
      OpenProcessToken: { args: ["i64", "u32", "ptr"], returns: "i32" },
      GetTokenInformation: { args: ["u64", "i32", "ptr", "u32", "ptr"], returns: "i32" },
      ConvertSidToStringSidW: { args: ["u64", "ptr"], returns: "i32" },
      ConvertStringSecurityDescriptorToSecurityDescriptorW: { args: ["ptr", "u32", "ptr", "ptr"], returns: "i32" },
      ConvertSecurityDescriptorToStringSecurityDescriptorW: {
        args: ["ptr", "u32", "u32", "ptr", "ptr"],
        returns: "i32",
      },
      SetFileSecurityW: { args: ["ptr", "u32", "ptr"], returns: "i32" },
      GetFileSecurityW: { args: ["ptr", "u32", "ptr", "u32", "ptr"], returns: "i32" },
    },
    ["advapi32.dll"],
  );
}

let ownSid: string | null | undefined;

/** This user's security identifier. What Windows allocates for it is a few bytes, and left to the end of the process. */
function sid(): string | null {
  if (ownSid === undefined) ownSid = findSid();
  return ownSid;
}

function findSid(): string | null {
  const functions = advapi();
  const token = new BigUint64Array(1);
  if (!functions?.OpenProcessToken(CURRENT_PROCESS, TOKEN_QUERY, token)) return null;
  const user = new BigUint64Array(32);
  const length = new Uint32Array(1);
  if (!functions.GetTokenInformation(token[0] ?? 0n, TOKEN_USER, user, user.byteLength, length)) return null;
  const text = new BigUint64Array(1);
  return functions.ConvertSidToStringSidW(user[0] ?? 0n, text) ? textAt(text) : null;
}

function fromText(descriptor: string): Pointer | null {
  const out = new BigUint64Array(1);
  const done = advapi()?.ConvertStringSecurityDescriptorToSecurityDescriptorW(wide(descriptor), REVISION, out, null);
  return done ? (Number(out[0]) as Pointer) : null;
}

function toText(descriptor: Pointer | Uint8Array, what: number): string | null {
  const out = new BigUint64Array(1);
  const done = advapi()?.ConvertSecurityDescriptorToStringSecurityDescriptorW(descriptor, REVISION, what, out, null);
  return done ? textAt(out) : null;
}

/** Text as Windows' functions take it. */
function wide(text: string): Uint16Array {
  return Uint16Array.from({ length: text.length + 1 }, (_, i) => text.charCodeAt(i) || 0);
}

function textAt([address = 0n]: BigUint64Array): string {
  const at = Number(address) as Pointer;
  let text = "";
  for (let i = 0; ; i += 2) {
    const unit = uint16At(at, i);
    if (unit === 0) return text;
    text += String.fromCharCode(unit);
  }
}
