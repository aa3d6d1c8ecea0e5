/**
 * The list of screens as one table of any length: only the rows in sight are in the document, and assistive technology is told of
 * the place of each in the whole (aria-rowcount, aria-rowindex).
 */
import { Checkbox, Group, Paper, UnstyledButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp, ArrowUpDown } from 'lucide-react';
import { memo, useLayoutEffect, useRef, useState, type ReactNode, type RefObject } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import { groupPath, useGroups } from '../pickers/groups.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { useNow } from '../ui/now.ts';
import type { DevicePages } from './device-pages.ts';
import { DeviceRow } from './device-row.tsx';
import { isSelected, type DeviceSelection } from './device-selection.ts';
import classes from './devices.module.css';

/** Heights of a row and of a card, in pixels. */
const ROW_HEIGHT = 56;
const CARD_HEIGHT = 84;
/** Rows kept above and below those in sight. */
const OVERSCAN = 8;

export interface DeviceListProps {
  readonly pages: DevicePages;
  readonly total: number;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  /** Places in sight, to have their screens read. */
  readonly onSight: (first: number, last: number) => void;
  /** Null: who is signed in may not change anything. */
  readonly selection: DeviceSelection | null;
  readonly onSelect: (index: number, device: DeviceJson, isIn: boolean, isRange: boolean) => void;
  readonly onSelectAll: (isIn: boolean) => void;
}

export function DeviceList(props: DeviceListProps) {
  const { pages, total, selection, onSight, onSelect } = props;
  const { devices: texts, common } = useTexts();
  const groups = useGroups();
  const now = useNow();
  const isPhone = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false });
  const body = useRef<HTMLDivElement>(null);
  const scrollMargin = useTop(body);
  const rowHeight = isPhone ? CARD_HEIGHT : ROW_HEIGHT;
  // oxlint-disable-next-line react/incompatible-library -- what it returns is used here alone, and handed to nothing that is memoized
  const virtual = useWindowVirtualizer({
    count: total,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    scrollMargin,
    useFlushSync: false,
    onChange: ({ range }) => {
      if (range !== null) onSight(range.startIndex - OVERSCAN, range.endIndex + OVERSCAN);
    },
  });
  useLayoutEffect(() => {
    virtual.measure();
  }, [virtual, rowHeight]);
  return (
    <Paper withBorder radius="md">
      <div
        role="table"
        aria-label={texts.title}
        aria-rowcount={total + 1}
        aria-busy={pages.isOld}
        className={classes['list']}
        data-cards={isPhone}
        data-selectable={selection !== null}
      >
        <Head {...props} isPhone={isPhone} />
        <div
          role="rowgroup"
          ref={body}
          className={`${classes['body']} ${pages.isOld ? classes['old'] : ''}`}
          style={{ height: virtual.getTotalSize() }}
        >
          {virtual.getVirtualItems().map(({ index, start, size }) => {
            const device = pages.at(index);
            const groupId = device?.groupId ?? null;
            return (
              <DeviceRow
                key={index}
                device={device}
                index={index}
                top={start - scrollMargin}
                height={size}
                groupName={
                  groupId === null || groups.data === undefined ? common.noGroup : groupPath(groups.data, groupId)
                }
                now={now}
                selected={selection === null ? null : device !== undefined && isSelected(selection, device.id)}
                fixed={selection?.kind === 'all'}
                onSelect={onSelect}
              />
            );
          })}
        </div>
      </div>
    </Paper>
  );
}

/**
 * How far below the top of the page an element begins, in pixels. Filters above it may wrap, and notices come and go: then the page is
 * of another height, and it is measured.
 */
function useTop(place: RefObject<HTMLDivElement | null>): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setTop(Math.round(element.getBoundingClientRect().top + scrollY)));
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [place]);
  return top;
}

const Head = memo(function Head({
  total,
  selection,
  onSelectAll,
  isPhone,
  ...props
}: DeviceListProps & { readonly isPhone: boolean }) {
  const { devices: texts } = useTexts();
  const { columns, selecting } = texts;
  const all = selection !== null && (
    <Checkbox
      checked={selection.kind === 'all'}
      indeterminate={selection.kind === 'some' && selection.ids.size > 0}
      onChange={(event) => onSelectAll(event.currentTarget.checked)}
      {...(isPhone ? { label: selecting.tickAll(total), py: 8 } : { 'aria-label': selecting.tickAll(total) })}
    />
  );
  if (isPhone)
    return (
      <div role="rowgroup">
        <div role="row" aria-rowindex={1} style={{ padding: '0 8px' }}>
          <div role="columnheader">{all === false ? columns.name : all}</div>
        </div>
      </div>
    );
  return (
    <div role="rowgroup" className={classes['head']} style={{ display: 'block', padding: 0 }}>
      <div role="row" aria-rowindex={1} className={classes['head']} style={{ position: 'static', border: 0 }}>
        {all !== false && (
          <div role="columnheader" aria-label={selecting.selectColumn}>
            {all}
          </div>
        )}
        <Heading {...props} title={columns.name} name="name" />
        <Heading {...props} title={columns.presence} name="status" first="-status" />
        <div role="columnheader">{columns.group}</div>
        <div role="columnheader" className={classes['wide']}>
          {columns.model}
        </div>
        <Heading {...props} title={columns.lastSeen} name="lastSeen" first="-lastSeen" />
        <div role="columnheader" className={classes['wide']}>
          {columns.state}
        </div>
      </div>
    </div>
  );
});

interface HeadingProps extends Pick<DeviceListProps, 'sort' | 'onSort'> {
  readonly title: string;
  /** The API's name of the column. */
  readonly name: string;
  /** Which way it is sorted first. */
  readonly first?: string;
}

function Heading({ title, name, first = name, sort, onSort }: HeadingProps): ReactNode {
  const { common } = useTexts();
  const direction = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : 'none';
  const Icon = direction === 'none' ? ArrowUpDown : direction === 'ascending' ? ArrowUp : ArrowDown;
  const other = sort === `-${name}` ? name : `-${name}`;
  return (
    <div role="columnheader" aria-sort={direction}>
      <UnstyledButton
        fz="inherit"
        fw="inherit"
        py={8}
        onClick={() => onSort(direction === 'none' ? first : other)}
        aria-label={common.sortBy(title)}
      >
        <Group gap={4} wrap="nowrap">
          {title}
          <Icon size={14} aria-hidden opacity={direction === 'none' ? 0.4 : 1} />
        </Group>
      </UnstyledButton>
    </div>
  );
}
