import { lookAt } from "./darwin.ts";
import { PLATFORMS } from "./table.ts";

lookAt(PLATFORMS["darwin-arm64"]);
