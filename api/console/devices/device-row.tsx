/**
 * One screen in the list: columns, or a card on a phone. Its presence is what the live feed last said. The rows that a turn of the
 * wheel brings are drawn at once, so they are plain elements: the component library's would take ten times as long.
 */
import { Radio, Wifi, WifiOff } from 'lucide-react';
import { memo, type CSSProperties } from 'react';
import { Link } from 'wouter';
import type { DeviceJson } from '../../devices/device-json.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { formatAgo, formatDateTime } from '../ui/time-format.ts';
import classes from './devices.module.css';

export interface DeviceRowProps {
  /** Undefined while it is on its way. */
  readonly device: DeviceJson | undefined;
  /** Its place in the whole list, from 0. */
  readonly index: number;
  /** Pixels from the top of the list, and the row's height. */
  readonly top: number;
  readonly height: number;
  readonly groupName: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Null: it cannot be selected by who is signed in. */
  readonly selected: boolean | null;
  /** All that match are selected, so this one cannot be taken out by itself. */
  readonly fixed: boolean;
  readonly onSelect: (index: number, device: DeviceJson, isIn: boolean, isRange: boolean) => void;
}

export const DeviceRow = memo(function DeviceRow(props: DeviceRowProps) {
  const { device, index, top, height, selected } = props;
  const place: CSSProperties = { height, transform: `translateY(${top}px)` };
  return (
    // A heading is the table's first row, and rows count from 1.
    <div
      role="row"
      aria-rowindex={index + 2}
      className={classes['row']}
      style={place}
      data-selected={selected === true}
      {...(selected === null ? {} : { 'aria-selected': selected })}
    >
      {device === undefined ? <Bones selectable={selected !== null} /> : <Cells {...props} device={device} />}
    </div>
  );
});

function Bones({ selectable }: { readonly selectable: boolean }) {
  const { common } = useTexts();
  return (
    <>
      {selectable && <div role="cell" data-area="select" />}
      <div role="cell" data-area="name" aria-label={common.loading}>
        <span className={classes['bone']} />
      </div>
    </>
  );
}

function Cells({
  device,
  index,
  groupName,
  now,
  selected,
  fixed,
  onSelect,
}: DeviceRowProps & { readonly device: DeviceJson }) {
  const { devices: texts, common } = useTexts();
  return (
    <>
      {selected !== null && (
        <div role="cell" data-area="select">
          <input
            type="checkbox"
            className={classes['tick']}
            aria-label={texts.selecting.select(device.name)}
            checked={selected}
            disabled={fixed}
            onChange={(event) => {
              const { nativeEvent, currentTarget } = event;
              const isRange = nativeEvent instanceof MouseEvent && nativeEvent.shiftKey;
              onSelect(index, device, currentTarget.checked, isRange);
            }}
          />
        </div>
      )}
      <div role="cell" data-area="name" className={classes['cell']}>
        <Link href={`/devices/${device.id}`} className={classes['name'] ?? ''}>
          {device.name}
        </Link>
        {device.state === 'revoked' && <span className={classes['narrow']}>{texts.revokedToo}</span>}
        <span className={classes['second']}>{device.playerId}</span>
      </div>
      <div role="cell" data-area="presence">
        <Presence device={device} />
      </div>
      <div role="cell" data-area="group" className={classes['cell']} title={groupName}>
        {groupName}
      </div>
      <div role="cell" className={`${classes['cell']} ${classes['wide']}`}>
        {device.model ?? device.appVersion}
        {device.model !== null && <span className={classes['second']}>{device.appVersion}</span>}
      </div>
      <div role="cell" data-area="seen" className={classes['cell']}>
        {device.lastSeen === null ? (
          common.never
        ) : (
          <time dateTime={device.lastSeen} title={formatDateTime(device.lastSeen)}>
            {formatAgo(device.lastSeen, now, common.ago)}
          </time>
        )}
      </div>
      <div role="cell" className={`${classes['cell']} ${classes['wide']}`}>
        {device.state === 'active' ? (
          texts.stateOf.active
        ) : (
          <span className={classes['pill']} data-look="revoked">
            {texts.stateOf.revoked}
          </span>
        )}
      </div>
    </>
  );
}

const LOOKS = { offline: WifiOff, http: Radio, online: Wifi } as const;

/** As ui/presence-badge.tsx, in plain elements. */
function Presence({ device }: { readonly device: DeviceJson }) {
  const { common } = useTexts();
  const look = device.status === 'offline' ? 'offline' : device.transport === 'http' ? 'http' : 'online';
  const Icon = LOOKS[look];
  return (
    <span className={classes['pill']} data-look={look}>
      <Icon size={12} aria-hidden />
      {look === 'http' ? common.overHttp : common[look]}
    </span>
  );
}
