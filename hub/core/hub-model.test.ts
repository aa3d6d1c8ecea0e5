/**
 * The read model is held against the facts it stands for: random histories are applied change by change, and at every rev the
 * model, the model loaded afresh and the truth computed from the facts alone must agree. A failure prints seed and path.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyAct, FactWorld, WORLD_EPOCH, type Act } from '../../test/support/fact-world.ts';
import type { Change } from './changes.ts';
import { composeState, isCurrent } from './desired-state.ts';
import { applyToRecord } from './device-records.ts';
import { HubModel } from './hub-model.ts';
import type { DeviceRecord } from './model.ts';

type Step = Act | { readonly kind: 'pass'; readonly ms: number } | { readonly kind: 'sweep' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 9, arbitrary: anyAct({ revocations: true }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 8_000 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'sweep' as const }) },
);
const steps = fc.array(step, { minLength: 10, maxLength: 60 });

/** A hub that follows the log: the model and what it knows of each device. */
class Follower {
  readonly model = new HubModel();
  readonly records = new Map<number, DeviceRecord>();

  constructor(world: FactWorld) {
    this.model.load(world.snapshot());
  }

  follow(change: Change): void {
    const effect = this.model.apply(change);
    if (effect === null || !('deviceId' in effect)) return;
    const known = this.records.get(effect.deviceId);
    if (known !== undefined) this.records.set(effect.deviceId, applyToRecord(known, effect));
  }

  /** The device as this hub knows it; read from the facts where it is new. */
  record(world: FactWorld, deviceId: number): DeviceRecord {
    const known = this.records.get(deviceId) ?? world.record(deviceId);
    this.records.set(deviceId, known);
    return known;
  }
}

function expectTruth(world: FactWorld, follower: Follower): void {
  const { model } = follower;
  const fresh = new HubModel();
  fresh.load(world.snapshot());
  for (const deviceId of world.facts.devices.keys()) {
    const record = follower.record(world, deviceId);
    const { active, credentialVersion, groupId, config, rev, placementRev } = world.record(deviceId);
    expect(record).toMatchObject({ active, credentialVersion, groupId, config, rev, placementRev });
    const tenant = model.tenant(record.tenantId);
    const state = composeState(tenant, record, model.position, world.now);
    const { alerts, config: settings, scheduleVersion, commands } = world.truth(deviceId);
    expect(state).toEqual({
      epoch: WORLD_EPOCH,
      rev: world.facts.rev,
      alerts,
      config: settings,
      scheduleVersion,
      commands,
    });
    const again = fresh.tenant(record.tenantId);
    expect(composeState(again, world.record(deviceId), fresh.position, world.now)).toEqual(state);
    const claim = { epoch: WORLD_EPOCH, rev: world.facts.rev };
    expect(isCurrent(tenant, record, model.position, claim, world.now)).toBe(true);
    expect(isCurrent(again, record, fresh.position, claim, world.now)).toBe(true);
    expect(model.hasActiveAlert(record, world.now)).toBe(alerts.length > 0);
  }
}

/** What screens show and are in the end, without the revs, is right when the hub reads the log in this order. */
function endsInTruth(list: readonly Step[], order: (log: readonly Change[]) => readonly Change[]): boolean {
  const world = new FactWorld().populate();
  const follower = new Follower(world);
  for (const deviceId of world.facts.devices.keys()) follower.record(world, deviceId);
  const from = world.facts.rev;
  for (const one of list) if (one.kind !== 'pass' && one.kind !== 'sweep') world.act(one);
  for (const [index, read] of order(world.log.slice(from)).entries()) {
    if (read.change.kind === 'device.saved' && !follower.records.has(read.change.deviceId)) {
      const { deviceId } = read.change;
      follower.records.set(deviceId, { ...world.record(deviceId, world.history[read.rev]), rev: from });
    }
    follower.follow({ ...read, rev: from + index + 1 });
  }
  const ids = (rows: readonly { deploymentId?: number; commandId?: number }[]) =>
    rows.map((row) => row.deploymentId ?? row.commandId);
  return [...follower.records].every(([deviceId, record]) => {
    const state = composeState(follower.model.tenant(record.tenantId), record, follower.model.position, world.now);
    const truth = world.truth(deviceId);
    const one = [ids(state.alerts), state.config, ids(state.commands)];
    return JSON.stringify(one) === JSON.stringify([ids(truth.alerts), truth.config, ids(truth.commands)]);
  });
}

/** Numbers drawn before the commit: of each two transactions the second commits first. */
function swapped(log: readonly Change[]): Change[] {
  return log.map((change, index) => log[index % 2 === 0 ? index + 1 : index - 1] ?? change);
}

/** The same read with a cursor: what commits under a number that was passed already is never seen. */
function passedOver(log: readonly Change[]): Change[] {
  return log.filter((_change, index) => index % 4 !== 3);
}

describe('the read model', () => {
  test('[INV-5] equals the facts and a model loaded afresh at every rev of a random history', () => {
    const law = fc.property(steps, (list) => {
      const world = new FactWorld().populate();
      const follower = new Follower(world);
      for (const one of list) {
        if (one.kind === 'pass') world.now += one.ms;
        else if (one.kind === 'sweep') follower.model.sweepExpired(world.now);
        else {
          const change = world.act(one);
          if (change !== null) follower.follow(change);
        }
        expectTruth(world, follower);
      }
    });
    fc.assert(law, { numRuns: 80 });
  });

  test('[INV-5] a manifest’s version never goes down, and whoever has the state from before a new one is not current', () => {
    const law = fc.property(steps, (list) => {
      const world = new FactWorld().populate();
      const follower = new Follower(world);
      const highest = new Map<number, number>();
      const told = new Map<number, number | null>();
      for (const one of list) {
        const change = one.kind === 'pass' || one.kind === 'sweep' ? null : world.act(one);
        if (change === null) continue;
        follower.follow(change);
        for (const deviceId of world.facts.devices.keys()) {
          const record = follower.record(world, deviceId);
          const tenant = follower.model.tenant(record.tenantId);
          const version = tenant.scheduleVersion(record);
          expect(version ?? Infinity).toBeGreaterThanOrEqual(highest.get(deviceId) ?? 0);
          const claim = { epoch: WORLD_EPOCH, rev: change.rev - 1 };
          const isNew = told.has(deviceId) && told.get(deviceId) !== version;
          if (isNew) expect(isCurrent(tenant, record, follower.model.position, claim, world.now)).toBe(false);
          if (version !== null) highest.set(deviceId, version);
          told.set(deviceId, version);
        }
      }
    });
    fc.assert(law, { numRuns: 80 });
  });

  test('[INV-5] control: over a log that is not gapless in commit order screens end up wrong', () => {
    const law = (order: (log: readonly Change[]) => readonly Change[]) =>
      fc.property(steps, (list) => endsInTruth(list, order));
    fc.assert(law((log) => log));
    expect(fc.check(law(passedOver), { numRuns: 20_000, endOnFailure: true }).failed).toBe(true);
    expect(fc.check(law(swapped), { numRuns: 20_000, endOnFailure: true }).failed).toBe(true);
  });

  test('[INV-5] refuses a change that is not the next one', () => {
    const model = new HubModel();
    model.load(new FactWorld().snapshot());
    const change = (rev: number): Change => ({ rev, tenantId: 1, change: { kind: 'user.changed', userId: 1 } });
    expect(() => model.apply(change(2))).toThrow('applied after 0');
    expect(model.apply(change(1))).toBeNull();
    expect(() => model.apply(change(1))).toThrow('applied after 1');
    expect(model.position).toEqual({ epoch: WORLD_EPOCH, rev: 1 });
  });
});

/** A tree site > floor > lobby, and a hall beside, in tenant 1. Their ids are 1, 2, 3 and 4. */
function tree(): HubModel {
  const model = new HubModel();
  model.load(new FactWorld().snapshot());
  const saved = (rev: number, groupId: number, parentId: number | null) =>
    model.apply({ rev, tenantId: 1, change: { kind: 'group.saved', groupId, parentId, config: {} } });
  saved(1, 1, null);
  saved(2, 2, 1);
  saved(3, 3, 2);
  saved(4, 4, null);
  return model;
}

const ALERT = {
  deploymentId: 90,
  alertId: null,
  severity: 'critical',
  title: 'Fire',
  message: '',
  content: null,
  startedAt: 1_000,
  expiresAt: 9_000,
  drill: false,
} as const;

describe('the effects of a change', () => {
  test('an alert on a group concerns its whole subtree, and its stop whoever is in it then', () => {
    const model = tree();
    const started = model.apply({
      rev: 5,
      tenantId: 1,
      change: { kind: 'alert.started', alert: ALERT, groupIds: [2], deviceIds: [70] },
    });
    expect(started).toMatchObject({ kind: 'alert.start', alert: { deploymentId: 90, rev: 5 } });
    expect(started).toHaveProperty('audience.groupIds', [2, 3]);
    expect(started).toHaveProperty('audience.deviceIds', [70]);
    model.apply({ rev: 6, tenantId: 1, change: { kind: 'group.saved', groupId: 4, parentId: 2, config: {} } });
    const stopped = model.apply({ rev: 7, tenantId: 1, change: { kind: 'alert.stopped', deploymentId: 90 } });
    expect(stopped).toMatchObject({ kind: 'alert.stop', deploymentId: 90, audience: { deviceIds: [70] } });
    expect(stopped).toHaveProperty('audience.groupIds', expect.arrayContaining([2, 3, 4]));
    expect(model.isActive(90)).toBe(false);
  });

  test('a group that is new concerns nobody, one that is configured its settings, one that moves everything', () => {
    const model = tree();
    const save = (rev: number, groupId: number, parentId: number | null, volume: number) =>
      model.apply({ rev, tenantId: 1, change: { kind: 'group.saved', groupId, parentId, config: { volume } } });
    expect(save(5, 9, 1, 1)).toBeNull();
    expect(save(6, 2, 1, 5)).toMatchObject({ kind: 'config', rev: 6 });
    const moved = save(7, 2, 4, 5);
    expect(moved).toMatchObject({ kind: 'state', rev: 7 });
    expect(moved).toHaveProperty('audience.groupIds', [2, 3]);
  });

  test('what concerns one device names it, and a stop of what is not known concerns nobody', () => {
    const model = tree();
    const credential = { kind: 'device.credential', deviceId: 8, credentialVersion: 3, reason: 'revoked' } as const;
    expect(model.apply({ rev: 5, tenantId: 1, change: credential })).toEqual({
      kind: 'credential',
      rev: 5,
      deviceId: 8,
      credentialVersion: 3,
      reason: 'revoked',
    });
    const stopped = model.apply({ rev: 6, tenantId: 1, change: { kind: 'alert.stopped', deploymentId: 1 } });
    expect(stopped).toMatchObject({ audience: { groupIds: [], deviceIds: [] } });
    expect(model.apply({ rev: 7, tenantId: 1, change: { kind: 'group.removed', groupId: 3 } })).toBeNull();
  });

  test('[INV-10] a new manifest for all concerns every group of the tenant and its devices in none, and nobody else', () => {
    const model = tree();
    const other = { kind: 'group.saved', groupId: 9, parentId: null, config: {} } as const;
    model.apply({ rev: 5, tenantId: 2, change: other });
    const everywhere = { kind: 'schedule.assigned', groupIds: [], deviceIds: [], everywhere: true } as const;
    const effect = model.apply({ rev: 6, tenantId: 1, change: everywhere });
    expect(effect).toEqual({
      kind: 'schedule',
      rev: 6,
      audience: { tenantId: 1, groupIds: expect.arrayContaining([1, 2, 3, 4]), deviceIds: [], ungrouped: true },
    });
    expect(effect).toHaveProperty('audience.groupIds.length', 4);
    const life = { active: true, credentialVersion: 1, rev: 0, placementRev: 0, commands: [] };
    const stranger: DeviceRecord = { deviceId: 80, tenantId: 2, groupId: null, config: {}, ...life };
    expect(model.tenant(2).scheduleVersion(stranger)).toBeNull();
  });

  test('[INV-10] a change of one tenant reaches no group of another, whatever ids it cites', () => {
    const model = tree();
    const effect = model.apply({
      rev: 5,
      tenantId: 2,
      change: { kind: 'alert.started', alert: ALERT, groupIds: [1], deviceIds: [] },
    });
    expect(effect).toHaveProperty('audience', { tenantId: 2, groupIds: [1], deviceIds: [] });
    const life = { active: true, credentialVersion: 1, rev: 0, placementRev: 0, commands: [] };
    const device: DeviceRecord = { deviceId: 70, tenantId: 1, groupId: 3, config: {}, ...life };
    expect(model.tenant(1).alertsFor(device, 2_000)).toEqual([]);
    expect(model.activeAlerts()).toBe(1);
    model.sweepExpired(9_000);
    expect(model.activeAlerts()).toBe(0);
  });
});
