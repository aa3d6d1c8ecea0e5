import { describe, expect, test } from 'vitest';
import type { ActiveAlert, DeviceRecord } from './model.ts';
import { compareAlerts, TenantModel, type TenantSnapshot } from './tenant-model.ts';

const GROUP = { config: {}, rev: 1, placementRev: 0 };
/** site 1 > floor 2 > lobby 3; hall 4 stands alone. Children come before their parents, as a database may give them. */
const SNAPSHOT: TenantSnapshot = {
  tenantId: 1,
  groups: [
    { ...GROUP, groupId: 3, parentId: 2, config: { volume: 30 } },
    { ...GROUP, groupId: 2, parentId: 1, config: { volume: 20, brightness: 20 } },
    { ...GROUP, groupId: 1, parentId: null, config: { volume: 10, timezone: 'Europe/Berlin' } },
    { ...GROUP, groupId: 4, parentId: null },
  ],
  alerts: [],
  schedules: [],
};

function model(): TenantModel {
  return new TenantModel(SNAPSHOT, 10);
}

function device(groupId: number | null, more: Partial<DeviceRecord> = {}): DeviceRecord {
  const life = { active: true, credentialVersion: 1, rev: 5, placementRev: 0, commands: [] };
  return { deviceId: 70, tenantId: 1, groupId, config: {}, ...life, ...more };
}

function alert(deploymentId: number, more: Partial<ActiveAlert> = {}): ActiveAlert {
  const text = { alertId: null, severity: 'info' as const, title: 'T', message: '', content: null, drill: false };
  return { deploymentId, rev: deploymentId, ...text, startedAt: 1_000, expiresAt: 9_000, ...more };
}

const ids = (alerts: readonly ActiveAlert[]): number[] => alerts.map(({ deploymentId }) => deploymentId);

describe('a tenant in memory', () => {
  test('knows its tree whatever order it was loaded in', () => {
    const tenant = model();
    expect(tenant.chain(3).map(({ groupId }) => groupId)).toEqual([3, 2, 1]);
    expect(tenant.chain(null)).toEqual([]);
    expect(tenant.chain(99)).toEqual([]);
    expect(new Set(tenant.subtrees([1]))).toEqual(new Set([1, 2, 3]));
    expect(tenant.subtrees([2, 3, 2])).toHaveLength(2);
  });

  test('a chain that runs in a circle ends', () => {
    const groups = [1, 2].map((groupId) => ({ ...GROUP, groupId, parentId: 3 - groupId }));
    const tenant = new TenantModel({ ...SNAPSHOT, groups }, 10);
    expect(tenant.chain(1).length).toBeLessThanOrEqual(64);
    expect(new Set(tenant.subtrees([1]))).toEqual(new Set([1, 2]));
  });

  test('settings merge per key, the nearest to the device wins', () => {
    const tenant = model();
    expect(tenant.configFor(device(3))).toEqual({ volume: 30, brightness: 20, timezone: 'Europe/Berlin' });
    expect(tenant.configFor(device(3, { config: { volume: 1 } }))).toMatchObject({ volume: 1, brightness: 20 });
    expect(tenant.configFor(device(null, { config: { volume: 1 } }))).toEqual({ volume: 1 });
  });

  test('an alert on a group is shown below it and nowhere else, one on a device by that device alone', () => {
    const tenant = model();
    tenant.startAlert(alert(11), { groupIds: [2], deviceIds: [] });
    tenant.startAlert(alert(12), { groupIds: [], deviceIds: [70] });
    expect(ids(tenant.alertsFor(device(3), 2_000))).toEqual([12, 11]);
    expect(ids(tenant.alertsFor(device(3, { deviceId: 71 }), 2_000))).toEqual([11]);
    expect(ids(tenant.alertsFor(device(1), 2_000))).toEqual([12]);
    expect(ids(tenant.alertsFor(device(4, { deviceId: 71 }), 2_000))).toEqual([]);
    expect(tenant.stopAlert(11, 13)).toEqual({ groupIds: [2], deviceIds: [] });
    expect(tenant.stopAlert(11, 14)).toBeNull();
    expect(ids(tenant.alertsFor(device(3), 2_000))).toEqual([12]);
  });

  test('[INV-3] an alert is handed out until the instant it expires, and forgotten when swept', () => {
    const tenant = model();
    tenant.startAlert(alert(11, { expiresAt: 2_000 }), { groupIds: [3], deviceIds: [] });
    expect(ids(tenant.alertsFor(device(3), 1_999))).toEqual([11]);
    expect(ids(tenant.alertsFor(device(3), 2_000))).toEqual([]);
    tenant.sweepExpired(1_999);
    expect(tenant.alerts.size).toBe(1);
    tenant.sweepExpired(2_000);
    expect(tenant.alerts.size).toBe(0);
    expect(tenant.stopAlert(11, 20)).toBeNull();
  });

  test('the most severe alert comes first, then the newest, then the highest id', () => {
    const list = [
      alert(1, { severity: 'info', startedAt: 5_000 }),
      alert(2, { severity: 'critical', startedAt: 1_000 }),
      alert(3, { severity: 'warning', startedAt: 2_000 }),
      alert(4, { severity: 'warning', startedAt: 3_000 }),
      alert(5, { severity: 'warning', startedAt: 3_000 }),
    ];
    expect(ids(list.sort(compareAlerts))).toEqual([2, 5, 4, 3, 1]);
  });

  test('a device is concerned by what touches it, its group or any group above, and by nothing beside', () => {
    const tenant = model();
    expect(tenant.stateRev(device(3))).toBe(5);
    tenant.apply({ kind: 'group.saved', groupId: 4, parentId: null, config: { volume: 1 } }, 20);
    expect(tenant.stateRev(device(3))).toBe(5);
    tenant.apply({ kind: 'alert.started', alert: alert(21), groupIds: [1], deviceIds: [] }, 21);
    expect(tenant.stateRev(device(3))).toBe(21);
    tenant.apply({ kind: 'alert.stopped', deploymentId: 21 }, 22);
    expect(tenant.stateRev(device(3))).toBe(22);
    tenant.apply({ kind: 'schedule.assigned', groupIds: [], deviceIds: [70] }, 23);
    expect(tenant.stateRev(device(3))).toBe(23);
    expect(tenant.stateRev(device(3, { deviceId: 71 }))).toBe(22);
    expect(tenant.stateRev(device(4, { deviceId: 71 }))).toBe(20);
  });
});

describe('the version of a manifest', () => {
  test('is none until something is scheduled, then the newest deployment along the chain', () => {
    const tenant = model();
    expect(tenant.scheduleVersion(device(3, { placementRev: 5 }))).toBeNull();
    tenant.apply({ kind: 'schedule.assigned', groupIds: [1], deviceIds: [] }, 20);
    expect(tenant.scheduleVersion(device(3))).toBe(20);
    expect(tenant.scheduleVersion(device(4))).toBeNull();
    tenant.apply({ kind: 'schedule.assigned', groupIds: [], deviceIds: [70] }, 21);
    expect(tenant.scheduleVersion(device(3))).toBe(21);
    expect(tenant.scheduleVersion(device(3, { deviceId: 71 }))).toBe(20);
  });

  test('is new after a move of the device or of a group above it: another chain is another manifest', () => {
    const tenant = model();
    tenant.apply({ kind: 'schedule.assigned', groupIds: [1, 4], deviceIds: [] }, 20);
    expect(tenant.scheduleVersion(device(3, { placementRev: 25 }))).toBe(25);
    tenant.apply({ kind: 'group.saved', groupId: 2, parentId: 4, config: {} }, 30);
    expect(tenant.scheduleVersion(device(3, { placementRev: 25 }))).toBe(30);
    expect(tenant.scheduleVersion(device(1))).toBe(20);
  });

  test('is not changed by a group that is only configured, or removed', () => {
    const tenant = model();
    tenant.apply({ kind: 'schedule.assigned', groupIds: [1], deviceIds: [] }, 20);
    tenant.apply({ kind: 'group.saved', groupId: 2, parentId: 1, config: { volume: 3 } }, 21);
    tenant.apply({ kind: 'group.removed', groupId: 4 }, 22);
    expect(tenant.scheduleVersion(device(3))).toBe(20);
    expect(tenant.groups.has(4)).toBe(false);
    expect(tenant.chain(4)).toEqual([]);
  });

  test('[INV-5] rises with a withdrawal as with a deployment, and a change for all concerns whoever is anywhere', () => {
    const tenant = model();
    tenant.apply({ kind: 'schedule.assigned', groupIds: [1], deviceIds: [] }, 20);
    tenant.apply({ kind: 'schedule.assigned', groupIds: [1], deviceIds: [] }, 21);
    expect(tenant.scheduleVersion(device(3))).toBe(21);
    tenant.apply({ kind: 'schedule.assigned', groupIds: [], deviceIds: [], everywhere: true }, 22);
    for (const groupId of [3, 4, null]) {
      expect(tenant.scheduleVersion(device(groupId))).toBe(22);
      expect(tenant.stateRev(device(groupId))).toBe(22);
    }
    expect(tenant.scheduleVersion(device(null, { placementRev: 25 }))).toBe(25);
    tenant.apply({ kind: 'schedule.assigned', groupIds: [4], deviceIds: [] }, 26);
    expect(tenant.scheduleVersion(device(3))).toBe(22);
  });

  test('is loaded as it was', () => {
    const tenant = new TenantModel(
      {
        ...SNAPSHOT,
        groups: SNAPSHOT.groups.map((group) => (group.groupId === 2 ? { ...group, placementRev: 8 } : group)),
        schedules: [
          { kind: 'group', targetId: 1, rev: 4 },
          { kind: 'device', targetId: 70, rev: 3 },
          { kind: 'tenant', targetId: 0, rev: 2 },
        ],
      },
      10,
    );
    expect(tenant.scheduleVersion(device(4, { deviceId: 71 }))).toBe(2);
    expect(tenant.stateRev(device(4, { deviceId: 71, rev: 0 }))).toBe(2);
    expect(tenant.scheduleVersion(device(3))).toBe(8);
    expect(tenant.scheduleVersion(device(1))).toBe(4);
    expect(tenant.scheduleVersion(device(null))).toBe(3);
  });
});
