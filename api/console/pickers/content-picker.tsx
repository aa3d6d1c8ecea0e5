/** Choosing one piece of content that is ready to be shown, by name and picture. */
import { Combobox, Group, Image, InputBase, Loader, Text, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { ContentJson } from '../../content/content-json.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';

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
  const found = useQuery({
    queryKey: ['content', 'pick', q, types?.length === 1 ? types[0] : null],
    queryFn: ({ signal }) =>
      session.list<ContentJson>(
        '/content',
        { q, status: 'ready', limit: SHOWN_MAX, type: types?.length === 1 ? types[0] : null },
        signal,
      ),
    enabled: combobox.dropdownOpened,
  });
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
              <Group gap="sm" wrap="nowrap">
                {content.thumbnailUrl === null ? null : (
                  <Image src={content.thumbnailUrl} alt="" w={48} h={32} fit="contain" radius="xs" />
                )}
                <Text size="sm">{content.name}</Text>
              </Group>
            </Combobox.Option>
          ))}
          {items.length === 0 && !found.isFetching && <Combobox.Empty>{texts.nothingFound}</Combobox.Empty>}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
