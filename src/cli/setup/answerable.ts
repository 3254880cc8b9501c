/** A setup that writes a call which can never be answered is refused: its program would fail, later and elsewhere. */
import { BadRequest } from "../../inject/helpers/protocol.ts";
import { HELPERS } from "../../inject/helpers/table.ts";
import { usage } from "../../platform/errors.ts";
import { exampleOf } from "../../setup/needs.ts";
import { readCall } from "../helper/call.ts";

/**
 * @param connection as it is typed in the call; null: none is
 * @param rest what else goes into each call
 * @param isPasted of the connection: a token or key that a person pasted
 * @throws AuthError `usage`
 */
export async function requireAnswerable(
  tool: string,
  connection: string | null,
  rest: readonly string[],
  isPasted: boolean,
): Promise<void> {
  const protocol = (await HELPERS[tool]?.load())?.default;
  if (protocol === undefined) return;
  if (connection !== null && !isPasted && protocol.onlyPasted !== undefined)
    throw usage(protocol.onlyPasted, "Name a key: auth setup ansible apikey:<name>");
  const { words, origins } = readCall([...(connection === null ? [] : [connection]), ...rest]);
  const [first, ...others] = words;
  const own = first === undefined || first.startsWith("-") ? words : others;
  try {
    if (protocol.checkWords !== undefined) protocol.checkWords(own, origins);
    else if (own.length > 0) throw new BadRequest("There are too many words in this call.");
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    throw usage(error.message, `For example: ${exampleOf(tool, connection)}`);
  }
}
