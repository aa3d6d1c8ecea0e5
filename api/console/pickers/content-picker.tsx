/** Choosing one piece of content that is ready to be shown, by name and picture. */
import { Combobox, Group, InputBase, Loader, Text, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { ContentJson } from '../../content/content-json.ts';
import { Thumbnail } from '../content/content-look.tsx';
import { useSession } from '../session/session-context.tsx';
import type { Paged } from '../session/session.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { formatDuration } from '../ui/time-format.ts';

export interface ContentPickerProps {
  /** Id of the content chosen. */
  readonly value: number | null;
  readonly onChange: (content: ContentJson | null) => void;
  readonly label?: string;
  readonly description?: ReactNode;
  /** Of these types alone. */
  readonly types?: readonly ContentJson['type'][];
  readonly error?: ReactNode;
}

const SHOWN_MAX = 20;

export function ContentPicker({ value, onChange, label, description, types, error }: ContentPickerProps) {
  const texts = useTexts().common;
  const session = useSession();
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const [typed, setTyped] = useState<string | null>(null);
  const [q] = useDebouncedValue(typed ?? '', 250);
  const chosen = useQuery({
    queryKey: ['content', value],
    queryFn: () => session.call<ContentJson>('GET', `/content/${value}`),
    enabled: value !== null,
  });
  const found = useFound(q, types?.length === 1 ? types[0] : undefined, combobox.dropdownOpened);
  const items = (found.data?.items ?? []).filter(({ type }) => types === undefined || types.includes(type));
  const name = value === null ? '' : (chosen.data?.name ?? `#${value}`);
  const pick = (text: string): void => {
    onChange(items.find(({ id }) => String(id) === text) ?? null);
    setTyped(null);
    combobox.closeDropdown();
  };
  return (
    <Combobox store={combobox} onOptionSubmit={pick}>
      <Combobox.Target>
        <InputBase
          label={label ?? texts.pickContent}
          description={description}
          error={error}
          placeholder={texts.pickContentPlaceholder}
          value={typed ?? name}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            combobox.openDropdown();
          }}
          onFocus={() => combobox.openDropdown()}
          onClick={() => combobox.openDropdown()}
          onBlur={() => {
            combobox.closeDropdown();
            setTyped(null);
          }}
          {...(chosen.data === undefined || value === null || typed !== null
            ? {}
            : { leftSection: <Thumbnail content={chosen.data} width={40} />, leftSectionWidth: 56 })}
          rightSectionPointerEvents={value === null ? 'none' : 'all'}
          rightSection={
            found.isFetching ? (
              <Loader size={16} />
            ) : value === null ? (
              <Combobox.Chevron />
            ) : (
              <Combobox.ClearButton aria-label={texts.none} onClear={() => onChange(null)} />
            )
          }
        />
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Options mah={320} style={{ overflowY: 'auto' }} aria-label={label ?? texts.pickContent}>
          {items.map((content) => (
            <Combobox.Option key={content.id} value={String(content.id)}>
              <Offer content={content} />
            </Combobox.Option>
          ))}
          {items.length === 0 && !found.isFetching && <Combobox.Empty>{texts.nothingFound}</Combobox.Empty>}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

/** What is ready and fits what was typed. */
function useFound(
  q: string,
  type: ContentJson['type'] | undefined,
  enabled: boolean,
): UseQueryResult<Paged<ContentJson[]>> {
  const session = useSession();
  return useQuery({
    queryKey: ['content', 'pick', q, type ?? null],
    queryFn: ({ signal }) =>
      session.list<ContentJson>('/content', { q, status: 'ready', limit: SHOWN_MAX, type }, signal),
    enabled,
  });
}

function Offer({ content }: { readonly content: ContentJson }) {
  const { common, content: texts } = useTexts();
  const { name, type, durationMs } = content;
  const length = type === 'video' && durationMs !== null ? ` · ${formatDuration(durationMs, common.duration)}` : '';
  return (
    <Group gap="sm" wrap="nowrap">
      <Thumbnail content={content} width={56} />
      <div>
        <Text size="sm">{name}</Text>
        <Text size="xs" c="dimmed">
          {texts.types[type]}
          {length}
        </Text>
      </div>
    </Group>
  );
}
