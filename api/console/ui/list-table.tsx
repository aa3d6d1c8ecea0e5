/** A page of a list as a table: sorted by its headings, gone through by pages, and on a narrow screen without its lesser columns. */
import { Group, Pagination, Paper, Table, Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { ArrowDown, ArrowUp, ArrowUpDown } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Paged } from '../session/session.ts';
import { useTexts } from '../texts/texts-context.tsx';

export interface Column<T> {
  readonly key: string;
  readonly title: string;
  /** Keeps the title for screen readers alone. */
  readonly hideTitle?: boolean;
  readonly render: (row: T) => ReactNode;
  /** The API's name of this column in `sort`; not sortable without. */
  readonly sort?: string;
  /** Hidden on screens narrower than this. */
  readonly from?: 'xs' | 'sm' | 'md' | 'lg';
  readonly align?: 'left' | 'right';
  readonly width?: number | string;
}

export interface ListTableProps<T> {
  /** What the table lists; its name for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly data: Paged<T[]>;
  readonly rowKey: (row: T) => string | number;
  /** `name` or `-name`. */
  readonly sort?: string;
  readonly onSort?: (sort: string) => void;
  readonly onPage: (page: number) => void;
}

export function ListTable<T>({ label, columns, data, rowKey, sort = '', onSort, onPage }: ListTableProps<T>) {
  const texts = useTexts().common;
  const pages = Math.max(1, Math.ceil(data.total / data.limit));
  return (
    <Paper withBorder radius="md">
      <Table.ScrollContainer minWidth={0} type="native" tabIndex={0} role="region" aria-label={label}>
        <Table highlightOnHover verticalSpacing="xs" aria-label={label}>
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <Heading key={column.key} column={column} sort={sort} onSort={onSort} />
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.items.map((row) => (
              <Table.Tr key={rowKey(row)}>
                {columns.map((column) => (
                  <Table.Td key={column.key} ta={column.align ?? 'left'} {...from(column)}>
                    {column.render(row)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Group justify="space-between" p="sm" gap="xs">
        <Text size="sm" c="dimmed">
          {texts.total(data.total)}
        </Text>
        {pages > 1 && (
          <Pagination
            total={pages}
            value={data.page}
            onChange={onPage}
            size="sm"
            getControlProps={(control) => ({ 'aria-label': control })}
            getItemProps={(page) => ({ 'aria-label': texts.page(page, pages) })}
            aria-label={texts.pagination}
          />
        )}
      </Group>
    </Paper>
  );
}

function from<T>(column: Column<T>): { visibleFrom?: NonNullable<Column<T>['from']> } {
  return column.from === undefined ? {} : { visibleFrom: column.from };
}

interface HeadingProps<T> {
  readonly column: Column<T>;
  readonly sort: string;
  readonly onSort: ((sort: string) => void) | undefined;
}

function Heading<T>({ column, sort, onSort }: HeadingProps<T>) {
  const texts = useTexts().common;
  const name = column.sort;
  const place = { ta: column.align ?? 'left', w: column.width, ...from(column) } as const;
  if (name === undefined || onSort === undefined) {
    const title = column.hideTitle === true ? <VisuallyHidden>{column.title}</VisuallyHidden> : column.title;
    return <Table.Th {...place}>{title}</Table.Th>;
  }
  const direction = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : 'none';
  const Icon = direction === 'none' ? ArrowUpDown : direction === 'ascending' ? ArrowUp : ArrowDown;
  return (
    <Table.Th {...place} aria-sort={direction}>
      <UnstyledButton
        fz="inherit"
        fw="inherit"
        onClick={() => onSort(direction === 'ascending' ? `-${name}` : name)}
        aria-label={texts.sortBy(column.title)}
      >
        <Group gap={4} wrap="nowrap">
          {column.title}
          <Icon size={14} aria-hidden opacity={direction === 'none' ? 0.4 : 1} />
        </Group>
      </UnstyledButton>
    </Table.Th>
  );
}
