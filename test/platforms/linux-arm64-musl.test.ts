import { life } from "./life.ts";
import { PLATFORMS } from "./table.ts";

life(PLATFORMS["linux-arm64-musl"]);
