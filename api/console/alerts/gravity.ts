/** The order in which alerts are shown: those for real before drills, the gravest first. Pure. */
import type { Severity } from '../ui/severity-badge.tsx';

const WEIGHT: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

interface Grave {
  readonly severity: Severity;
  readonly drill: boolean;
}

/** For `sort`, which keeps the order of equals. */
export function byGravity(a: Grave, b: Grave): number {
  return Number(a.drill) - Number(b.drill) || WEIGHT[a.severity] - WEIGHT[b.severity];
}
