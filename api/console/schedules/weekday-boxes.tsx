/** Weekdays to be chosen, 0 being Monday. */
import { Checkbox, Group } from '@mantine/core';
import { useTexts } from '../texts/texts-context.tsx';

export interface WeekdayBoxesProps {
  readonly label: string;
  readonly value: readonly number[];
  readonly onChange: (weekdays: number[]) => void;
}

export function WeekdayBoxes({ label, value, onChange }: WeekdayBoxesProps) {
  const { weekdays } = useTexts().scheduleTiming;
  return (
    <Checkbox.Group
      label={label}
      value={value.map(String)}
      onChange={(chosen) => onChange(chosen.map(Number).toSorted((one, other) => one - other))}
    >
      <Group gap="sm" mt={4}>
        {weekdays.map((name, weekday) => (
          <Checkbox key={name} size="sm" value={String(weekday)} label={name} />
        ))}
      </Group>
    </Checkbox.Group>
  );
}
