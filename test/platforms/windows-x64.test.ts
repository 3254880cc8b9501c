/**
 * Left out on Windows: replacing the process, and with it SIGTERM, SIGINT and descriptors handed over. Its own ways (exit
 * codes of 32 bits, Ctrl-C, the spelling of Path, batch files) are in windows-faults.test.ts. Left out under wine alone:
 * standard input from a pipe of this machine, for which wine's programs can't wait; it is a file here.
 */
import { life } from "./life.ts";
import { PLATFORMS } from "./table.ts";

life(PLATFORMS["windows-x64"]);
