/** Days that are left out, e.g. holidays. */
import { Button, Group, Paper, Pill, Stack, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { useTexts } from '../texts/texts-context.tsx';
import { formatDate } from '../ui/time-format.ts';

/** As the protocol has it. */
const DATES_MAX = 366;

export interface ExcludedDatesProps {
  /** YYYY-MM-DD */
  readonly dates: readonly string[];
  readonly onChange: (dates: readonly string[]) => void;
}

export function ExcludedDates({ dates, onChange }: ExcludedDatesProps) {
  const texts = useTexts().scheduleTiming;
  const [typed, setTyped] = useState('');
  const add = (): void => {
    onChange([...new Set([...dates, typed])].toSorted());
    setTyped('');
  };
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Title order={2} size="h5">
          {texts.excluded}
        </Title>
        {dates.length > 0 && (
          <Pill.Group>
            {dates.map((date) => (
              <Pill
                key={date}
                withRemoveButton
                onRemove={() => onChange(dates.filter((one) => one !== date))}
                removeButtonProps={{
                  'aria-label': texts.excludedRemove(formatDate(date)),
                  tabIndex: 0,
                  'aria-hidden': false,
                }}
              >
                {formatDate(date)}
              </Pill>
            ))}
          </Pill.Group>
        )}
        <Group align="flex-end" gap="xs">
          <TextInput
            type="date"
            label={texts.excludedAdd}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            min="1970-01-01"
            max="2199-12-31"
          />
          <Button variant="default" onClick={add} disabled={typed === '' || dates.length >= DATES_MAX}>
            {texts.excludedAddButton}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
