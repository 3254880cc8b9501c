import { asksForNoNewGlibc } from "./glibc.ts";
import { life } from "./life.ts";
import { PLATFORMS } from "./table.ts";

asksForNoNewGlibc(PLATFORMS["linux-x64"]);
life(PLATFORMS["linux-x64"]);
