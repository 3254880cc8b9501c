import { life } from "./life.ts";
import { PLATFORMS } from "./table.ts";

life(PLATFORMS["windows-x64"]);
