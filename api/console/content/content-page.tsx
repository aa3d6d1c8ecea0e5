/** Everything that screens can show: found, looked at, and added to. */
import '@mantine/dropzone/styles.css';
import { Button, Group, Text } from '@mantine/core';
import { Dropzone } from '@mantine/dropzone';
import { CloudUpload, Images, Link2 } from 'lucide-react';
import { useRef, useState } from 'react';
import type { ContentJson } from '../../content/content-json.ts';
import { GroupSelect } from '../pickers/group-select.tsx';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { useUrlState } from '../ui/url-state.ts';
import { CONTENT_VIEW, ContentFilters } from './content-filters.tsx';
import { ContentGrid, ContentTable } from './content-lists.tsx';
import { ExternalForm } from './external-form.tsx';
import { QuotaBar } from './quota-bar.tsx';
import { useUploadQueue } from './uploads.ts';

const PAGE_LIMIT = 48;

export function ContentPage() {
  const { content: texts } = useTexts();
  const { manage } = useMay();
  const [adding, setAdding] = useState(false);
  const openFiles = useRef<() => void>(null);
  return (
    <Page
      title={texts.title}
      description={texts.description}
      actions={
        manage && (
          <>
            <Button variant="default" leftSection={<Link2 size={16} aria-hidden />} onClick={() => setAdding(true)}>
              {texts.addAddress}
            </Button>
            <Button leftSection={<CloudUpload size={16} aria-hidden />} onClick={() => openFiles.current?.()}>
              {texts.uploads.add}
            </Button>
          </>
        )
      }
    >
      {manage && <DropArea openRef={openFiles} />}
      <QuotaBar />
      <Library />
      {adding && <ExternalForm onClose={() => setAdding(false)} />}
    </Page>
  );
}

function DropArea({ openRef }: { readonly openRef: React.RefObject<(() => void) | null> }) {
  const { content, common } = useTexts();
  const texts = content.uploads;
  const { administer } = useMay();
  const queue = useUploadQueue();
  const [groupId, setGroupId] = useState<number | null>(null);
  return (
    <Group align="stretch" gap="md">
      <Dropzone
        onDrop={(files) => queue.add(files, groupId)}
        openRef={openRef}
        flex="1 1 320px"
        p="md"
        radius="md"
        inputProps={{ 'aria-label': texts.drop }}
        enablePointerEvents
        visibleFrom="sm"
      >
        <Group gap="md" wrap="nowrap" justify="center" mih={56}>
          <CloudUpload size={32} strokeWidth={1.4} aria-hidden style={{ flexShrink: 0 }} />
          <div>
            <Text fw={500}>
              <Dropzone.Accept>{texts.dropNow}</Dropzone.Accept>
              <Dropzone.Reject>{texts.dropNow}</Dropzone.Reject>
              <Dropzone.Idle>{texts.drop}</Dropzone.Idle>
            </Text>
            <Text size="sm" c="dimmed">
              {texts.dropHint}
            </Text>
          </div>
        </Group>
      </Dropzone>
      <GroupSelect
        label={texts.owner}
        {...(administer ? { placeholder: common.wholeTenant } : {})}
        value={groupId}
        onChange={setGroupId}
      />
    </Group>
  );
}

function Library() {
  const { content: texts, common } = useTexts();
  const { manage } = useMay();
  const [view, setView] = useUrlState(CONTENT_VIEW);
  const { view: look, ...filters } = view;
  const query = useListQuery<ContentJson>('content', '/content', { ...filters, limit: PAGE_LIMIT });
  const isFiltered = [filters.q, filters.type, filters.status, filters.groupId].some((filter) => filter !== '');
  const onPage = (page: number): void => setView({ page: String(page) });
  return (
    <>
      <ContentFilters view={view} onChange={setView} />
      <Loaded query={query} lines={8}>
        {(data) => {
          if (data.total === 0)
            return isFiltered ? (
              <EmptyState icon={Images} title={common.nothingFound} hint={common.nothingFoundHint} />
            ) : (
              <EmptyState
                icon={Images}
                title={texts.emptyTitle}
                hint={manage ? texts.emptyHint : texts.emptyHintViewer}
              />
            );
          return look === 'list' ? (
            <ContentTable
              data={data}
              onPage={onPage}
              sort={view.sort}
              onSort={(sort) => setView({ sort, page: '1' })}
            />
          ) : (
            <ContentGrid data={data} onPage={onPage} />
          );
        }}
      </Loaded>
    </>
  );
}
