/** All screens that one may see: found, filtered, selected, and acted on many at a time. */
import { Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { FileUp, Link2, MonitorPlay } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import type { DeviceJson } from '../../devices/device-json.ts';
import { useMay, useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { failureText, FailureNotice } from '../ui/failure-notice.tsx';
import { Page } from '../ui/page.tsx';
import { useUrlState } from '../ui/url-state.ts';
import { DeviceFilters } from './device-filters.tsx';
import { DeviceList } from './device-list.tsx';
import { idsBetween, useDevicePages } from './device-pages.ts';
import {
  heldBy,
  NOTHING_SELECTED,
  SELECTED_MAX,
  selectedCount,
  withDevices,
  type DeviceSelection,
} from './device-selection.ts';
import { DEVICE_VIEW, filterOf, sortOf, type DeviceView } from './device-view.ts';
import { SelectionBar } from './selection-bar.tsx';

/** Scrolling rests so long before pages are asked for, in milliseconds. */
const REST_MS = 120;

export function DevicesPage() {
  const { devices: texts } = useTexts();
  const { manage } = useMay();
  const [view, setView] = useUrlState(DEVICE_VIEW);
  const [sight, setSight] = useState<readonly [number, number]>([0, 0]);
  const pages = useDevicePages(view, ...sight);
  const filter = filterOf(view);
  const isFiltered = Object.keys(filter).length > 0;
  const total = pages.total ?? 0;
  const { selection, select, selectAll, clear } = useSelection(view, total);
  const change = (next: Partial<DeviceView>): void => {
    setView(next);
    scrollTo({ top: 0 });
  };
  // Nothing is drawn or asked for while one scrolls past.
  const look = useDebouncedCallback((first: number, last: number) => setSight([first, last]), REST_MS);
  const count = pages.total === null ? '' : isFiltered ? texts.matching(total) : texts.of(total);
  return (
    <Page
      title={texts.title}
      description={<span role="status">{pages.isOld ? texts.updating : count}</span>}
      actions={manage && <Ways />}
    >
      <DeviceFilters view={view} onChange={change} />
      {pages.failure !== null && <FailureNotice cause={pages.failure} onRetry={pages.retry} />}
      {pages.total === null ? (
        pages.failure === null && <Waiting />
      ) : total === 0 && !pages.isOld ? (
        <Nobody isFiltered={isFiltered} onClear={() => change({ ...DEVICE_VIEW, sort: view.sort })} />
      ) : (
        <>
          <DeviceList
            pages={pages}
            total={total}
            sort={sortOf(view)}
            onSort={(sort) => change({ sort })}
            onSight={look}
            selection={manage ? selection : null}
            onSelect={select}
            onSelectAll={selectAll}
          />
          {manage && selectedCount(selection, total) > 0 && (
            <SelectionBar selection={selection} count={selectedCount(selection, total)} onClear={clear} />
          )}
          {manage && (
            <Text size="xs" c="dimmed" visibleFrom="sm">
              {texts.selecting.hint}
            </Text>
          )}
        </>
      )}
    </Page>
  );
}

/** Where no screen matches, or there is none yet. */
function Nobody({ isFiltered, onClear }: { readonly isFiltered: boolean; readonly onClear: () => void }) {
  const { devices: texts, common } = useTexts();
  const { manage } = useMay();
  if (isFiltered)
    return (
      <EmptyState
        icon={MonitorPlay}
        title={common.nothingFound}
        hint={common.nothingFoundHint}
        action={
          <Button variant="default" onClick={onClear}>
            {common.clearFilters}
          </Button>
        }
      />
    );
  return (
    <EmptyState
      icon={MonitorPlay}
      title={texts.empty}
      hint={manage ? texts.emptyHint : texts.emptyForViewer}
      action={manage && <Ways />}
    />
  );
}

function Waiting() {
  const { loading } = useTexts().common;
  return (
    <Stack gap={8} role="status" aria-label={loading}>
      {Array.from({ length: 10 }, (_, at) => (
        <Skeleton key={at} h={48} radius="sm" />
      ))}
    </Stack>
  );
}

/** How screens come in. */
function Ways() {
  const { devices: texts } = useTexts();
  return (
    <Group gap="xs">
      <Button component={Link} href="/devices/import" variant="default" leftSection={<FileUp size={16} aria-hidden />}>
        {texts.import}
      </Button>
      <Button component={Link} href="/devices/pair" leftSection={<Link2 size={16} aria-hidden />}>
        {texts.pair}
      </Button>
    </Group>
  );
}

/** The selection, and what ticking a row does to it: with Shift, everything from the row ticked before. */
function useSelection(view: DeviceView, total: number) {
  const { devices: texts, common } = useTexts();
  const session = useSession();
  const queries = useQueryClient();
  const [kept, setSelection] = useState<DeviceSelection>(NOTHING_SELECTED);
  const anchor = useRef<number | null>(null);
  const filter = filterOf(view);
  const selection = heldBy(kept, filter);

  const take = (deviceIds: readonly number[], isIn: boolean): void => {
    const after = withDevices(selection, deviceIds, isIn);
    if (after === null)
      notifications.show({ id: 'too-many', color: 'orange', message: texts.selecting.tooMany(SELECTED_MAX) });
    else setSelection(after);
  };
  const takeRange = async (from: number, to: number, isIn: boolean): Promise<void> => {
    try {
      take(await idsBetween(session, queries, view, Math.min(from, to), Math.max(from, to)), isIn);
    } catch (cause) {
      notifications.show({ color: 'red', title: common.failureTitle, message: failureText(cause, common) });
    }
  };
  // Rows are drawn again only when they change, so what they call is looked up when it is called.
  const acts = useRef({ take, takeRange });
  useEffect(() => {
    acts.current = { take, takeRange };
  });
  const select = useCallback((index: number, device: DeviceJson, isIn: boolean, isRange: boolean): void => {
    const from = anchor.current;
    anchor.current = index;
    if (isRange && from !== null && from !== index) void acts.current.takeRange(from, index, isIn);
    else acts.current.take([device.id], isIn);
  }, []);
  return {
    selection: selectedCount(selection, total) === 0 ? NOTHING_SELECTED : selection,
    select,
    selectAll: (isIn: boolean) => setSelection(isIn ? { kind: 'all', filter } : NOTHING_SELECTED),
    clear: () => setSelection(NOTHING_SELECTED),
  };
}
