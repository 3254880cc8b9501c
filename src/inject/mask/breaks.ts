/** What programs write where a screen row ends within a unit (between the digits of a byte, in an escape), or after one. */
import { add, type Step, step } from "./step.ts";

/** How less goes on in the next row, and a move of the cursor. */
export const IN_UNIT = step();
add(IN_UNIT, [" \b"], 0);
addMove(IN_UNIT);

const again = new Map<number, Step>();

/** After any byte: vim writes a row's last character once more, and moves to the next row. */
export function repeated(byte: number): Step {
  const known = again.get(byte);
  if (known !== undefined) return known;
  const first = step();
  const second = step();
  first.next.set(byte, second);
  addMove(second);
  again.set(byte, first);
  return first;
}

/** `ESC [ row ; column H` (ECMA-48 §8.3.21) */
function addMove(from: Step): void {
  const [begun, parameters] = [step(), step()];
  from.next.set(0x1b, begun);
  begun.next.set(0x5b, parameters);
  for (const byte of new TextEncoder().encode("0123456789;")) parameters.next.set(byte, parameters);
  parameters.next.set(0x48, step(0));
}
