/** How long an alert stays, in one click or in minutes of one's own. */
import { Group, NumberInput, SegmentedControl, Text } from '@mantine/core';
import { useId, useState } from 'react';
import { useTexts } from '../texts/texts-context.tsx';
import { EXPIRY_CHOICES } from './raise-draft.ts';

/** Thirty days, in minutes: the longest that the API takes. */
const MINUTES_MAX = 43_200;

export interface ExpiryFieldProps {
  /** Seconds; null while nothing sensible is written, or, with `none`, for no proposal. */
  readonly value: number | null;
  readonly onChange: (seconds: number | null) => void;
  readonly label: string;
  /** Offers to choose nothing, under this name. */
  readonly none?: string;
}

export function ExpiryField({ value, onChange, label, none }: ExpiryFieldProps) {
  const texts = useTexts().alerts;
  const name = useId();
  const isChoice = EXPIRY_CHOICES.some((seconds) => seconds === value);
  const [isOther, setIsOther] = useState(!isChoice && !(none !== undefined && value === null));
  const chosen = isOther ? 'other' : value === null ? 'none' : String(value);
  const pick = (choice: string): void => {
    setIsOther(choice === 'other');
    if (choice === 'none') onChange(null);
    else if (choice !== 'other') onChange(Number(choice));
  };
  return (
    <div>
      <Text size="sm" fw={500} id={name}>
        {label}
      </Text>
      <Group gap="xs">
        <SegmentedControl
          style={{ maxWidth: '100%', overflowX: 'auto' }}
          aria-labelledby={name}
          value={chosen}
          onChange={pick}
          data={[
            ...(none === undefined ? [] : [{ value: 'none', label: none }]),
            ...EXPIRY_CHOICES.map((seconds) => ({ value: String(seconds), label: texts.expiry[seconds] })),
            { value: 'other', label: texts.expiry.other },
          ]}
        />
        {isOther && (
          <NumberInput
            aria-label={texts.minutes}
            suffix={` ${texts.minutes.toLowerCase()}`}
            value={value === null ? '' : value / 60}
            onChange={(minutes) => onChange(secondsOf(minutes))}
            min={1}
            max={MINUTES_MAX}
            allowDecimal={false}
            w={150}
          />
        )}
      </Group>
    </div>
  );
}

function secondsOf(minutes: number | string): number | null {
  return typeof minutes === 'number' && minutes >= 1 && minutes <= MINUTES_MAX ? Math.round(minutes * 60) : null;
}
