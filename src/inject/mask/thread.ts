import { IN_UNIT, repeated } from "./breaks.ts";
import type { Form } from "./forms.ts";
import type { Step } from "./step.ts";

/** A form that has begun. */
export interface Thread {
  readonly form: Form;
  /** Units that are complete. */
  readonly unit: number;
  readonly step: Step;
  /** Where it is in a break, after which it goes on at `step`; null: in none. */
  readonly gap: Step | null;
  /** Bytes since its beginning. */
  readonly length: number;
}

export function begun(form: Form): Thread {
  return { form, unit: 0, step: unitAt(form, 0), gap: null, length: 0 };
}

/**
 * @param after gets the thread's successors with this byte; none where it isn't the form after all
 * @returns bytes of the form, where it ends here; else 0
 */
export function advance(thread: Thread, byte: number, after: Thread[]): number {
  const { form, unit, step, gap } = thread;
  const length = thread.length + 1;
  if (length > form.longest) return 0;
  const isBroken = gap !== null || step.isInUnit;
  if (isBroken) advanceGap({ ...thread, gap: gap ?? IN_UNIT, length }, byte, after);
  const next = gap === null ? step.next.get(byte) : undefined;
  if (next === undefined) return 0;
  if (next.next.size > 0) {
    after.push({ form, unit, step: next, gap: null, length });
    if (next.isInUnit) after.push({ form, unit, step: next, gap: repeated(byte), length });
  }
  if (next.done === null) return 0;
  const complete = unit + next.done;
  if (complete === form.units.length) return length;
  const first = unitAt(form, complete);
  after.push({ form, unit: complete, step: first, gap: null, length });
  after.push({ form, unit: complete, step: form.between, gap: null, length });
  if (next.done === 1) after.push({ form, unit: complete, step: first, gap: repeated(byte), length });
  return 0;
}

function advanceGap(thread: Thread & { readonly gap: Step }, byte: number, after: Thread[]): void {
  const next = thread.gap.next.get(byte);
  if (next === undefined) return;
  after.push({ ...thread, gap: next.done === 0 ? null : next });
}

function unitAt({ units }: Form, index: number): Step {
  return units[index] as Step;
}

/** In a fixed order. Of two at the same position, the one that began earlier is kept. */
export function distinct(threads: readonly Thread[]): Thread[] {
  const byPlace = new Map<string, Thread>();
  for (const thread of threads) {
    const place = placeOf(thread);
    if ((byPlace.get(place)?.length ?? -1) < thread.length) byPlace.set(place, thread);
  }
  return [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, thread]) => thread);
}

export function placeOf({ form, unit, step, gap }: Thread): string {
  return `${form.id} ${unit} ${step.id} ${gap?.id}`;
}
