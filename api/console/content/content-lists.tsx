/** A page of content: as pictures, or as a table. */
import { Card, Group, Pagination, SimpleGrid, Stack, Text } from '@mantine/core';
import { Link } from 'wouter';
import type { ContentJson } from '../../content/content-json.ts';
import { groupPath, useGroups } from '../pickers/groups.ts';
import type { Paged } from '../session/session.ts';
import type { Texts } from '../texts/english.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { formatBytes, formatDuration } from '../ui/time-format.ts';
import { ContentStatusBadge, Thumbnail, TYPE_ICON } from './content-look.tsx';

export interface ContentListProps {
  readonly data: Paged<ContentJson[]>;
  readonly onPage: (page: number) => void;
}

export function ContentGrid({ data, onPage }: ContentListProps) {
  const texts = useTexts().common;
  const pages = Math.max(1, Math.ceil(data.total / data.limit));
  return (
    <Stack>
      <SimpleGrid
        component="ul"
        cols={{ base: 2, sm: 3, md: 4, xl: 6 }}
        spacing={{ base: 'xs', sm: 'md' }}
        m={0}
        p={0}
        style={{ listStyle: 'none' }}
      >
        {data.items.map((content) => (
          <li key={content.id}>
            <ContentCard content={content} />
          </li>
        ))}
      </SimpleGrid>
      <Group justify="space-between" gap="xs">
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
    </Stack>
  );
}

function ContentCard({ content }: { readonly content: ContentJson }) {
  const { content: texts, common } = useTexts();
  const { id, name, type, status } = content;
  const Icon = TYPE_ICON[type];
  return (
    <Card component={Link} href={`/content/${id}`} withBorder radius="md" padding="xs" h="100%" c="inherit">
      <Card.Section>
        <Thumbnail content={content} />
      </Card.Section>
      <Text size="sm" fw={500} mt="xs" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
        {name}
      </Text>
      <Group gap={6} mt={2} c="dimmed">
        <Icon size={14} aria-hidden />
        <Text size="xs">{[texts.types[type], ...measuresOf(content, texts, common)].join(' · ')}</Text>
      </Group>
      {status !== 'ready' && (
        <Group mt={6}>
          <ContentStatusBadge status={status} />
        </Group>
      )}
    </Card>
  );
}

/** Its length in time or in pixels, if it has one. */
function measuresOf(
  { width, height, durationMs, type }: ContentJson,
  texts: Texts['content'],
  common: Texts['common'],
): string[] {
  if (type === 'video' && durationMs !== null) return [formatDuration(durationMs, common.duration)];
  return width === null || height === null ? [] : [texts.pixels(width, height)];
}

export interface ContentTableProps extends ContentListProps {
  readonly sort: string;
  readonly onSort: (sort: string) => void;
}

export function ContentTable({ data, sort, onSort, onPage }: ContentTableProps) {
  const { content: texts } = useTexts();
  return (
    <ListTable
      label={texts.title}
      columns={useColumns()}
      data={data}
      rowKey={({ id }) => id}
      sort={sort}
      onSort={onSort}
      onPage={onPage}
    />
  );
}

function useColumns(): readonly Column<ContentJson>[] {
  const { content: texts, common } = useTexts();
  const groups = useGroups();
  const ownerOf = ({ groupId }: ContentJson): string => {
    if (groupId === null) return common.wholeTenant;
    return groups.data === undefined ? '' : groupPath(groups.data, groupId);
  };
  return [
    {
      key: 'name',
      title: common.name,
      sort: 'name',
      render: (content) => (
        <Group gap="sm" wrap="nowrap">
          <Thumbnail content={content} width={64} />
          <Stack gap={2} align="flex-start">
            <AnchorLink to={`/content/${content.id}`} size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
              {content.name}
            </AnchorLink>
            <ContentStatusBadge status={content.status} />
          </Stack>
        </Group>
      ),
    },
    { key: 'type', title: texts.type, from: 'xs', render: ({ type }) => texts.types[type] },
    {
      key: 'measures',
      title: texts.length,
      from: 'md',
      render: (content) => measuresOf(content, texts, common).join(''),
    },
    {
      key: 'size',
      title: texts.size,
      sort: 'sizeBytes',
      from: 'sm',
      align: 'right',
      render: ({ sizeBytes }) => (sizeBytes === null ? '' : formatBytes(sizeBytes, common.bytes)),
    },
    { key: 'owner', title: texts.group, from: 'md', render: ownerOf },
    {
      key: 'added',
      title: texts.added,
      sort: 'createdAt',
      from: 'sm',
      render: ({ createdAt }) => <Ago at={createdAt} />,
    },
  ];
}
