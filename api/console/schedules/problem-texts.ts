/** Problems of a layout in words. */
import type { Layout, Zone } from '../../../protocol/schedule.ts';
import type { Texts } from '../texts/english.ts';
import type { LayoutProblem } from './layout-problems.ts';

/** What a zone is called: as it was named, or by its place in the layout. */
export function zoneName(zones: readonly Zone[], zoneId: string, texts: Texts['schedules']['layout']): string {
  const at = zones.findIndex(({ id }) => id === zoneId);
  return zones[at]?.name?.trim() || texts.zone(at + 1);
}

export function problemTexts(
  { zones }: Layout,
  problems: readonly LayoutProblem[],
  texts: Texts['schedules']['layout'],
): string[] {
  return problems.map((problem) => {
    const name = zoneName(zones, problem.zoneId, texts);
    return problem.kind === 'overlap'
      ? texts.problems.overlap(name, zoneName(zones, problem.otherId, texts))
      : texts.problems[problem.kind](name);
  });
}
