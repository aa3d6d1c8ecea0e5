/** A search that begins when one stops typing. */
import { CloseButton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { Search } from 'lucide-react';
import { useState } from 'react';
import { useTexts } from '../texts/texts-context.tsx';

/** How long one has to pause, in milliseconds. */
const PAUSE_MS = 250;

export interface SearchFieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What is searched, e.g. "Search screens"; it is the field's name. */
  readonly label: string;
}

export function SearchField({ value, onChange, label }: SearchFieldProps) {
  const { clearSearch } = useTexts().common;
  const [typed, setTyped] = useState(value);
  const [seen, setSeen] = useState(value);
  const [told, setTold] = useState(value);
  const tell = useDebouncedCallback((text: string) => {
    setTold(text);
    onChange(text);
  }, PAUSE_MS);
  if (value !== seen) {
    setSeen(value);
    // Changed from outside, e.g. by going back, and not by what was typed here.
    if (value !== told) setTyped(value);
  }
  const type = (text: string): void => {
    setTyped(text);
    tell(text);
  };
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<Search size={16} aria-hidden />}
      value={typed}
      onChange={(event) => type(event.currentTarget.value)}
      rightSection={typed === '' ? null : <CloseButton aria-label={clearSearch} onClick={() => type('')} />}
      miw={220}
    />
  );
}
