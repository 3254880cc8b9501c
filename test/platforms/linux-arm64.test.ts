import { asksForNoNewGlibc } from "./glibc.ts";
import { life } from "./life.ts";
import { PLATFORMS } from "./table.ts";

asksForNoNewGlibc(PLATFORMS["linux-arm64"]);
life(PLATFORMS["linux-arm64"]);
