import type { Form, Step } from "./forms.ts";

/** A form that has begun. */
export interface Thread {
  readonly form: Form;
  /** Units that are complete. */
  readonly unit: number;
  readonly step: Step;
  /** Bytes since its beginning. */
  readonly length: number;
}

export function begun(form: Form): Thread {
  return { form, unit: 0, step: unitAt(form, 0), length: 0 };
}

/**
 * @param after gets what becomes of the thread with this byte: nothing, where it isn't the form after all
 * @returns bytes of the form, where it ends here; else 0
 */
export function advance({ form, unit, step, length: before }: Thread, byte: number, after: Thread[]): number {
  const next = step.next.get(byte);
  const length = before + 1;
  if (next === undefined || length > form.longest) return 0;
  if (next.next.size > 0) after.push({ form, unit, step: next, length });
  if (next.done === null) return 0;
  const complete = unit + next.done;
  if (complete === form.units.length) return length;
  after.push({ form, unit: complete, step: unitAt(form, complete), length });
  after.push({ form, unit: complete, step: form.between, length });
  return 0;
}

function unitAt({ units }: Form, index: number): Step {
  return units[index] as Step;
}

/** In a fixed order. Of two at the same place the one that began earlier decides. */
export function distinct(threads: readonly Thread[]): Thread[] {
  const byPlace = new Map<string, Thread>();
  for (const thread of threads) {
    const place = placeOf(thread);
    if ((byPlace.get(place)?.length ?? -1) < thread.length) byPlace.set(place, thread);
  }
  return [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, thread]) => thread);
}

export function placeOf({ form, unit, step }: Thread): string {
  return `${form.id} ${unit} ${step.id}`;
}
