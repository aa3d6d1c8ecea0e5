/** When a schedule is on next, in one line. */
import { Text } from '@mantine/core';
import { useMemo } from 'react';
import { compileTiming } from '../../../protocol/schedule-timing.ts';
import type { Timing } from '../../../protocol/schedule.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { useNow } from '../ui/now.ts';
import { upcoming } from './month-calendar.ts';
import { instantWords, upcomingWords, viewersZone } from './time-words.ts';

/** The words are made anew this often, in milliseconds. */
const RENEW_MS = 60_000;

export function NextTime({ timing }: { readonly timing: Timing }) {
  const texts = useTexts().scheduleTiming;
  const nowMs = useNow(RENEW_MS);
  const compiled = useMemo(() => compileTiming(timing, viewersZone()), [timing]);
  const [next] = useMemo(() => upcoming(compiled, nowMs, 1), [compiled, nowMs]);
  if (next === undefined) return <Text size="sm">{texts.over}</Text>;
  if (next.isOn)
    return (
      <Text size="sm" title={upcomingWords(next, compiled.zone, texts)}>
        {next.isOpen ? texts.always : upcomingWords(next, compiled.zone, texts)}
      </Text>
    );
  return <Text size="sm">{texts.next(instantWords(next.startMs, compiled.zone))}</Text>;
}
