/** A browser for BROWSER: it follows the page that it is given to its end, as a person would who approves at once. */
import { visit } from "./browser-login.ts";

await visit(String(process.argv.at(-1)));
