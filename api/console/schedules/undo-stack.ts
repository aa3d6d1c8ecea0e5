/**
 * What was, is and would be again. Invariants: a change takes away what was undone; changes of one name that follow each other
 * (typing in a field, holding an arrow key) are one step; no more than STEPS_MAX steps are kept, the oldest go first. Pure.
 */

/** Steps that can be taken back. Past it: the oldest are forgotten. */
export const STEPS_MAX = 100;

export interface UndoStack<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
  /** Name of the last change; null: the next one is a step of its own. */
  readonly name: string | null;
}

export function beginning<T>(present: T): UndoStack<T> {
  return { past: [], present, future: [], name: null };
}

/** @param name of the change, e.g. `width of zone-1`; changes of the same name are one step; null never is */
export function changed<T>(stack: UndoStack<T>, present: T, name: string | null): UndoStack<T> {
  if (Object.is(present, stack.present)) return stack;
  const isSameStep = name !== null && name === stack.name && stack.past.length > 0;
  const past = isSameStep ? stack.past : [...stack.past, stack.present].slice(-STEPS_MAX);
  return { past, present, future: [], name };
}

export function undone<T>(stack: UndoStack<T>): UndoStack<T> {
  const present = stack.past.at(-1);
  if (present === undefined) return stack;
  return { past: stack.past.slice(0, -1), present, future: [stack.present, ...stack.future], name: null };
}

export function redone<T>(stack: UndoStack<T>): UndoStack<T> {
  const [present, ...future] = stack.future;
  if (present === undefined) return stack;
  return { past: [...stack.past, stack.present], present, future, name: null };
}
