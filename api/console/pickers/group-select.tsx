/** Choosing one group, or none, in a field. */
import { TreeSelect } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts-context.tsx';
import { groupTreeData } from './group-tree-data.tsx';
import { useGroups } from './groups.ts';

export interface GroupSelectProps {
  readonly value: number | null;
  readonly onChange: (groupId: number | null) => void;
  readonly label?: string;
  readonly description?: ReactNode;
  /** What stands in the field when no group is chosen, e.g. "Whole organisation". */
  readonly placeholder?: string;
  readonly clearable?: boolean;
  readonly error?: ReactNode;
  readonly disabled?: boolean;
  readonly size?: 'xs' | 'sm' | 'md';
  /** Hides the label from sight, not from screen readers. */
  readonly hideLabel?: boolean;
}

export function GroupSelect({
  value,
  onChange,
  label,
  clearable = true,
  hideLabel = false,
  ...rest
}: GroupSelectProps) {
  const texts = useTexts().common;
  const groups = useGroups();
  const name = label ?? texts.pickGroup;
  return (
    <TreeSelect
      // The field keeps the text that it began with, which before the groups are there is a number.
      key={groups.data === undefined ? 'waiting' : 'there'}
      {...rest}
      {...(hideLabel ? { 'aria-label': name } : { label: name })}
      data={groups.data === undefined ? [] : groupTreeData(groups.data.roots)}
      value={value === null ? null : String(value)}
      onChange={(picked) => onChange(picked === null ? null : Number(picked))}
      searchable
      clearable={clearable}
      clearButtonProps={{ 'aria-label': texts.none }}
      defaultExpandAll
      nothingFoundMessage={groups.data?.roots.length === 0 ? texts.noGroupsYet : texts.nothingFound}
      maxDropdownHeight={320}
      chevronAriaLabels={{ expand: texts.details, collapse: texts.close }}
    />
  );
}
