/** What of the content is shown, and how. All of it is in the address. */
import { Group, SegmentedControl, Select, VisuallyHidden } from '@mantine/core';
import { LayoutGrid, List } from 'lucide-react';
import { GroupSelect } from '../pickers/group-select.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { SearchField } from '../ui/search-field.tsx';

export const CONTENT_VIEW = {
  q: '',
  type: '',
  status: '',
  groupId: '',
  sort: '-createdAt',
  page: '1',
  view: 'grid',
};
export type ContentView = Readonly<Record<keyof typeof CONTENT_VIEW, string>>;

const TYPES = ['image', 'video', 'html', 'stream'] as const;
const STATUSES = ['ready', 'verifying', 'pending', 'failed'] as const;
const SORTS = ['-createdAt', 'createdAt', 'name', '-sizeBytes'] as const;

export interface ContentFiltersProps {
  readonly view: ContentView;
  readonly onChange: (change: Partial<ContentView>) => void;
}

export function ContentFilters({ view, onChange }: ContentFiltersProps) {
  const texts = useTexts().content;
  const filter = (change: Partial<ContentView>): void => onChange({ ...change, page: '1' });
  return (
    <Group gap="xs" align="flex-end">
      <SearchField label={texts.search} value={view.q} onChange={(q) => filter({ q })} />
      <Select
        aria-label={texts.type}
        placeholder={texts.anyType}
        data={TYPES.map((value) => ({ value, label: texts.types[value] }))}
        value={view.type === '' ? null : view.type}
        onChange={(type) => filter({ type: type ?? '' })}
        clearable
        clearButtonProps={{ 'aria-label': texts.anyType }}
        flex="1 1 130px"
        maw={180}
      />
      <Select
        aria-label={texts.state}
        placeholder={texts.anyState}
        data={STATUSES.map((value) => ({ value, label: texts.status[value] }))}
        value={view.status === '' ? null : view.status}
        onChange={(status) => filter({ status: status ?? '' })}
        clearable
        clearButtonProps={{ 'aria-label': texts.anyState }}
        flex="1 1 130px"
        maw={200}
      />
      <GroupSelect
        label={texts.group}
        hideLabel
        placeholder={texts.anyGroup}
        value={view.groupId === '' ? null : Number(view.groupId)}
        onChange={(groupId) => filter({ groupId: groupId === null ? '' : String(groupId) })}
      />
      <Select
        aria-label={texts.sort}
        data={SORTS.map((value) => ({ value, label: texts.sorts[value] }))}
        value={SORTS.find((value) => value === view.sort) ?? null}
        onChange={(sort) => filter({ sort: sort ?? CONTENT_VIEW.sort })}
        allowDeselect={false}
        flex="1 1 130px"
        maw={180}
      />
      <SegmentedControl
        aria-label={texts.view}
        value={view.view}
        onChange={(next) => onChange({ view: next })}
        data={[
          { value: 'grid', label: <ViewLabel icon={<LayoutGrid size={18} aria-hidden />} name={texts.grid} /> },
          { value: 'list', label: <ViewLabel icon={<List size={18} aria-hidden />} name={texts.list} /> },
        ]}
      />
    </Group>
  );
}

function ViewLabel({ icon, name }: { readonly icon: React.ReactNode; readonly name: string }) {
  return (
    <Group gap={6} wrap="nowrap">
      {icon}
      <VisuallyHidden>{name}</VisuallyHidden>
    </Group>
  );
}
