import { describe, expect, test } from 'vitest';
import type { DeviceJson } from '../../devices/device-json.ts';
import { configureAction, selectOf, UNTOUCHED } from './bulk-request.ts';
import { credentialCsv, credentialJson } from './credential-file.ts';
import { PAGE_ROWS, pagesOf, withPresence } from './device-pages.ts';
import { heldBy, isSelected, NOTHING_SELECTED, SELECTED_MAX, selectedCount, withDevices } from './device-selection.ts';
import { DEVICE_VIEW, filterOf, presenceOf, queryOf, sortOf, withPresence as presenceView } from './device-view.ts';

describe('the view of the list', () => {
  test('is read from the address, and what is no filter is left out', () => {
    const view = { ...DEVICE_VIEW, q: ' lobby ', groupId: '7', status: 'online', transport: 'http', state: 'active' };
    const filter = { q: 'lobby', groupId: 7, status: 'online', transport: 'http', state: 'active' };
    expect(filterOf(view)).toEqual(filter);
    expect(filterOf({ q: ' ', groupId: '-1', status: 'x', transport: '', state: 'constructor', sort: '' })).toEqual({});
    expect(queryOf({ ...view, sort: '-lastSeen' }, 3, 200)).toEqual({
      ...filter,
      sort: '-lastSeen',
      page: 3,
      limit: 200,
    });
    expect(sortOf({ ...DEVICE_VIEW, sort: 'drop table' })).toBe('name');
  });

  test('has one choice of presence for status and transport', () => {
    for (const presence of ['online', 'websocket', 'http', 'offline', null] as const)
      expect(presenceOf({ ...DEVICE_VIEW, ...presenceView(presence) })).toBe(presence);
  });
});

describe('the selection', () => {
  test('takes screens in and out, up to what one act may name', () => {
    const some = withDevices(NOTHING_SELECTED, [1, 2, 3], true) ?? NOTHING_SELECTED;
    const fewer = withDevices(some, [2], false) ?? NOTHING_SELECTED;
    expect([isSelected(fewer, 1), isSelected(fewer, 2), selectedCount(fewer, 99)]).toEqual([true, false, 2]);
    const most = Array.from({ length: SELECTED_MAX }, (_, at) => at + 1);
    expect(withDevices(some, most, true)).not.toBeNull();
    expect(withDevices(some, [...most, SELECTED_MAX + 1], true)).toBeNull();
  });

  test('of all that match ends when other screens match', () => {
    const all = { kind: 'all', filter: { q: 'a' } } as const;
    expect(selectedCount(all, 42)).toBe(42);
    expect(heldBy(all, { q: 'a' })).toBe(all);
    expect(heldBy(all, { q: 'ab' })).toBe(NOTHING_SELECTED);
    const some = withDevices(all, [5], true) ?? NOTHING_SELECTED;
    expect(selectedCount(some, 42)).toBe(1);
    expect(heldBy(some, {})).toBe(some);
  });

  test('is sent by ids, or by the filter and the number that was looked at', () => {
    expect(selectOf({ kind: 'some', ids: new Set([3, 1]) }, 2)).toEqual({ deviceIds: [3, 1] });
    expect(selectOf({ kind: 'all', filter: { q: 'a' } }, 2)).toEqual({ filter: { q: 'a' }, expect: 2 });
    expect(selectOf({ kind: 'all', filter: {} })).toEqual({ filter: {} });
  });
});

describe('settings of many screens', () => {
  test('are an act only when there is something to do and every value is there', () => {
    expect(configureAction(UNTOUCHED)).toBeNull();
    expect(configureAction({ ...UNTOUCHED, volume: { mode: 'set', value: '' } })).toBeNull();
    expect(configureAction({ ...UNTOUCHED, volume: { mode: 'set', value: 101 } })).toBeNull();
    expect(configureAction({ ...UNTOUCHED, statusSeconds: { mode: 'set', value: 4 } })).toBeNull();
    expect(
      configureAction({
        ...UNTOUCHED,
        volume: { mode: 'set', value: 0 },
        orientation: { mode: 'set', value: 'portrait' },
        timezone: { mode: 'clear', value: 'UTC' },
      }),
    ).toEqual({ kind: 'configure', config: { volume: 0, orientation: 'portrait' }, clear: ['timezone'] });
  });
});

describe('rows', () => {
  test('are on the pages that are in sight', () => {
    expect([pagesOf(0, 20), pagesOf(PAGE_ROWS - 1, PAGE_ROWS), pagesOf(-8, 5)]).toEqual([[1], [1, 2], [1]]);
  });

  test('have what the feed says of their presence, and are the same otherwise', () => {
    const device = (id: number) => ({ id, name: `S ${id}`, status: 'offline', lastSeen: 'then' }) as DeviceJson;
    const page = { items: [device(1), device(2)], page: 1, limit: 200, total: 2 };
    const come = { deviceId: 2, status: 'online', transport: 'websocket', lastSeen: null } as const;
    const after = withPresence(page, new Map([[2, come]]));
    expect(after.items[0]).toBe(page.items[0]);
    expect(after.items[1]).toEqual({ ...page.items[1], status: 'online', transport: 'websocket' });
    expect(withPresence(page, new Map([[3, { ...come, deviceId: 3 }]]))).toBe(page);
  });
});

test('the file of credentials holds names as they are', () => {
  const screens = [{ deviceId: 1, playerId: 'p1', name: 'Say "hi", you', groupId: null, credential: 'c-1' }];
  expect(credentialCsv(screens)).toBe('deviceId,playerId,name,groupId,credential\r\n1,p1,"Say ""hi"", you",,c-1\r\n');
  expect(JSON.parse(credentialJson(screens))).toEqual({ devices: screens });
});
