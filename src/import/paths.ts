/** Where programs keep their files: the rules are the same for what is read and for what is set up. */
export { configFolder, inFolder, inHome, joined } from "../platform/places.ts";
