import { life } from "./life.ts";
import { PLATFORMS } from "./table.ts";

life(PLATFORMS["linux-x64-musl"]);
