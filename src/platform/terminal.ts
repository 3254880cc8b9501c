/**
 * The rules of the terminal, kept by this file and `prompt.ts`, the only ones that draw:
 *
 * 1. Everything drawn goes to stderr. stdout is data, also when both are the same terminal.
 * 2. Colour only on a terminal, and not with NO_COLOR, --no-color or TERM=dumb. Nothing is shown by colour alone.
 * 3. The cursor moves only on a terminal that can (TERM isn't dumb). Anywhere else a fact is printed once, as a line.
 * 4. A line that is drawn again is cut to the width, so that it never wraps.
 * 5. Text from outside comes escaped (`escape.ts`); here it is only laid out.
 * 6. A secret is never echoed, not even as stars, which would show its length.
 * 7. The terminal is left as it was found: not raw, cursor visible, the line empty.
 */
import type { Environment } from "./context.ts";

/** Whether a descriptor (0, 1, 2) is a terminal. */
export function isTerminal(fd: number): boolean {
  // Loaded only here: much of what reads standard input never asks.
  return process.getBuiltinModule("node:tty").isatty(fd);
}

export type Paint = (text: string) => string;
export interface Colors {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
  /** Black on white, for a QR code. */
  readonly paper: Paint;
}

const CODES: Readonly<Record<keyof Colors, readonly [on: string, off: string]>> = {
  bold: ["1", "22"],
  dim: ["2", "22"],
  red: ["31", "39"],
  green: ["32", "39"],
  yellow: ["33", "39"],
  cyan: ["36", "39"],
  paper: ["38;5;16;48;5;231", "39;49"],
};

/** @param wanted false with --no-color */
export function colorsFor(fd: 1 | 2, env: Environment, wanted: boolean): Colors {
  return colors(wanted && !env.NO_COLOR && env.TERM !== "dumb" && isTerminal(fd));
}

export function colors(on: boolean): Colors {
  const paints = Object.entries(CODES).map(([name, [start, end]]): [string, Paint] => [
    name,
    on ? (text) => `\x1b[${start}m${text}\x1b[${end}m` : (text) => text,
  ]);
  return Object.fromEntries(paints) as Record<keyof Colors, Paint>;
}

/** Whether lines on stderr can be drawn again. */
export function canDraw(env: Environment): boolean {
  return isTerminal(2) && env.TERM !== "dumb";
}

/** Columns of the terminal at stderr; 80 where there is none. */
export function columns(): number {
  return (isTerminal(2) && process.stderr.columns) || 80;
}

/** Lines of the terminal at stderr; 24 where there is none. */
export function rows(): number {
  return (isTerminal(2) && process.stderr.rows) || 24;
}

/** How wide a table on stdout may be: as the terminal, or any width where it goes to a file or a program. */
export function tableWidth(): number {
  return isTerminal(1) ? columns() : Number.POSITIVE_INFINITY;
}

/** A device login as RFC 8628 §3.3 wants it shown. */
export interface DeviceCode {
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete: string | null;
  /** The client that is approved, and the host on which: what a person compares with the page (RFC 8628 §5.4). */
  readonly app: string;
  readonly host: string;
}

export interface Surface {
  readonly colors: Colors;
  readonly width: number;
  /** Draw a box and a QR code; else plain lines. */
  readonly drawn: boolean;
  /** A QR code helps: wanted by a flag, or the browser is on another machine than the terminal. */
  readonly qr: boolean;
}

/** What `deviceText` needs to know of this terminal. */
export function surfaceFor(env: Environment, paints: Colors, wantsQr: boolean): Surface {
  return { colors: paints, width: columns(), drawn: canDraw(env), qr: wantsQr || isRemote(env) };
}

/**
 * The code to be read in a box and to be copied below it, where to enter it, whom that lets in, and a QR code where it
 * helps and fits. Codes are used for phishing: the text names what a code approves (RFC 10027).
 */
export async function deviceText(code: DeviceCode, { colors: c, width, drawn, qr }: Surface): Promise<string> {
  const approves = `It lets the app ${code.app} use your account at ${code.host}.`;
  const caution = "Only go on if you started this login.";
  if (!drawn) return `Open ${code.verificationUri} and enter the code ${code.userCode}\n${approves} ${caution}`;
  const lines = ["", `  Open  ${c.cyan(code.verificationUri)}`, "  and enter this code:", ""];
  const boxed = boxedCode(code.userCode, c);
  if (boxed.width + 6 <= width) lines.push(...boxed.lines.map((line) => `      ${line}`), "");
  lines.push(`      ${c.bold(code.userCode)}`, "", `  ${approves}`, `  ${caution}`, "");
  if (qr) lines.push(...(await qrLines(code.verificationUriComplete ?? code.verificationUri, c, width)));
  return lines.join("\n");
}

/** Two rows of modules per line. Empty where it doesn't fit: a QR code that wraps is noise. */
async function qrLines(text: string, c: Colors, width: number): Promise<string[]> {
  const { renderUnicodeCompact } = await import("uqr");
  const lines = renderUnicodeCompact(text, { border: 2, invert: true }).split("\n");
  if (Bun.stringWidth(lines[0] ?? "") + 2 > width) return [];
  return [...lines.map((line) => `  ${c.paper(line)}`), ""];
}

/** Its letters spaced, so that none is overlooked. */
function boxedCode(code: string, c: Colors): { lines: string[]; width: number } {
  const spaced = [...code].join(" ");
  const edge = "─".repeat(Bun.stringWidth(spaced) + 6);
  return { lines: [`┌${edge}┐`, `│   ${c.bold(spaced)}   │`, `└${edge}┘`], width: edge.length + 2 };
}

/** Over SSH: the person's browser isn't on this machine. */
export function isRemote(env: Environment): boolean {
  return Boolean(env.SSH_CONNECTION || env.SSH_TTY || env.SSH_CLIENT);
}

export interface Waiting {
  /** Takes the line away again. */
  stop(): Promise<void>;
  /** The same at once: for a process that ends now. */
  abandon(): void;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 120;

/**
 * A spinner with the time left; where lines can't be drawn again, one plain line.
 *
 * @param deadline milliseconds since the epoch
 */
export function startWaiting(label: string, deadline: number, env: Environment, paints: Colors): Waiting {
  let written: Promise<unknown> = Promise.resolve();
  const write = (text: string): void => {
    // A message that can't be shown doesn't end a login.
    written = written.then(() => Bun.write(Bun.stderr, text)).catch(() => {});
  };
  if (!canDraw(env)) {
    write(`${label} (${timeLeft(deadline - Date.now())} left)\n`);
    return { stop: async () => void (await written), abandon: () => {} };
  }
  let frame = 0;
  const draw = (): void => {
    const line = `${label} (${timeLeft(deadline - Date.now())} left)`.slice(0, Math.max(0, columns() - 3));
    write(`\r\x1b[K${paints.cyan(FRAMES[frame++ % FRAMES.length] ?? "")} ${line}`);
  };
  draw();
  const timer = setInterval(draw, FRAME_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      write("\r\x1b[K");
      await written;
    },
    abandon: () => {
      clearInterval(timer);
      // On a terminal this is written before it returns.
      process.stderr.write("\r\x1b[K");
    },
  };
}

/** `14:59`; never below zero. */
function timeLeft(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/**
 * Shows on stderr what another program writes there, as it comes. All after the first `bytes` is read and dropped: one that
 * writes without end must neither fill the terminal nor be held up.
 */
export async function showStart(stream: ReadableStream<Uint8Array>, bytes: number): Promise<void> {
  let left = bytes;
  for await (const chunk of stream) {
    if (left > 0) await Bun.write(Bun.stderr, chunk.subarray(0, left));
    left -= chunk.length;
  }
}
