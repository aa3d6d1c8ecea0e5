/**
 * Which screens are selected in the list. Pure.
 *
 * States: `some` (single screens by id) and `all` (whatever matches the view's filter, now and when it is acted on; it ends when the
 * filter changes, because other screens would be meant without anybody saying so).
 */
import type { DeviceFilter } from './device-view.ts';

export type DeviceSelection =
  | { readonly kind: 'some'; readonly ids: ReadonlySet<number> }
  | { readonly kind: 'all'; readonly filter: DeviceFilter };

/** What the API takes by id in one act. */
export const SELECTED_MAX = 1_000;

export const NOTHING_SELECTED: DeviceSelection = { kind: 'some', ids: new Set() };

/** The selection as it holds for the filter that is shown. */
export function heldBy(selection: DeviceSelection, filter: DeviceFilter): DeviceSelection {
  if (selection.kind === 'some') return selection;
  return JSON.stringify(selection.filter) === JSON.stringify(filter) ? selection : NOTHING_SELECTED;
}

export function isSelected(selection: DeviceSelection, deviceId: number): boolean {
  return selection.kind === 'all' || selection.ids.has(deviceId);
}

/** How many screens are meant; `total` is how many match the filter. */
export function selectedCount(selection: DeviceSelection, total: number): number {
  return selection.kind === 'all' ? total : selection.ids.size;
}

/** Takes screens in or out; null when there would be more than can be named in one act. */
export function withDevices(
  selection: DeviceSelection,
  deviceIds: readonly number[],
  isIn: boolean,
): DeviceSelection | null {
  const ids = new Set(selection.kind === 'some' ? selection.ids : []);
  for (const id of deviceIds) {
    if (isIn) ids.add(id);
    else ids.delete(id);
  }
  return ids.size > SELECTED_MAX ? null : { kind: 'some', ids };
}
