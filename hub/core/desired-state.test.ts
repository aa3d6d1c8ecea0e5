/**
 * "Current" is the one word after which a device is sent nothing: it must never be said of a device that lacks something.
 * Told by the facts: a device that had the whole state at some rev is called current only where its state is the same now.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyAct, FactWorld, WORLD_EPOCH, type Act, type Truth } from '../../test/support/fact-world.ts';
import { composeState, isCurrent } from './desired-state.ts';
import { HubModel } from './hub-model.ts';
import type { DeviceRecord } from './model.ts';
import { TenantModel } from './tenant-model.ts';

type Decide = typeof isCurrent;

const scenario = fc.record({
  acts: fc.array(anyAct({ revocations: false }), { minLength: 10, maxLength: 50 }),
  /** How far into the history the hub was started, in per cent: it knows nothing of what was before. */
  startedAt: fc.nat(100),
  /** Where the device had its last whole state, likewise. */
  claimedAt: fc.nat(100),
});
interface Scenario {
  readonly acts: readonly Act[];
  readonly startedAt: number;
  readonly claimedAt: number;
}

/** Whether nothing is missing: a command that the device has finished since is none that it lacks. */
function hasAll(then: Truth, now: Truth): boolean {
  const text = ({ commands: _commands, ...rest }: Truth) => JSON.stringify(rest);
  const had = new Set(then.commands.map(({ commandId }) => commandId));
  return text(then) === text(now) && now.commands.every(({ commandId }) => had.has(commandId));
}

/** Whether every device that `decide` calls current has what it should, and every one that was told just now is. */
function decidesWell({ acts, startedAt, claimedAt }: Scenario, decide: Decide): boolean {
  const world = new FactWorld().populate();
  for (const act of acts) world.act(act);
  const head = world.facts.rev;
  const model = new HubModel();
  model.load(world.snapshot(world.history[Math.floor((startedAt * head) / 100)]));
  for (const change of world.log.slice(model.rev)) model.apply(change);
  const rev = Math.floor((claimedAt * head) / 100);
  const then = world.history[rev] ?? world.facts;
  return [...then.devices.keys()].every((deviceId) => {
    const record = world.record(deviceId);
    const tenant = model.tenant(record.tenantId);
    const said = (claim: number) =>
      decide(tenant, record, model.position, { epoch: WORLD_EPOCH, rev: claim }, world.now);
    const same = hasAll(world.truth(deviceId, then), world.truth(deviceId));
    return said(head) && (same || !said(rev));
  });
}

/** `isCurrent` of a model that says something else of itself. */
function lying(lies: (model: TenantModel) => Partial<Pick<TenantModel, 'floorRev' | 'stateRev'>>): Decide {
  return (model, device, position, claim, now) => {
    const told = {
      floorRev: model.floorRev,
      stateRev: (record: DeviceRecord) => model.stateRev(record),
      alertsFor: (record: DeviceRecord, at: number) => model.alertsFor(record, at),
      ...lies(model),
    };
    return isCurrent(told as unknown as TenantModel, device, position, claim, now);
  };
}

const withoutFloor = lying(() => ({ floorRev: 0 }));
const withoutAncestors = lying((model) => ({
  stateRev: (device) => Math.max(device.rev, model.groups.get(device.groupId ?? 0)?.stateRev ?? 0),
}));
const withoutDevice = lying((model) => ({ stateRev: (device) => model.stateRev({ ...device, rev: 0 }) }));

describe('whether a device is current', () => {
  test('[INV-1] it has its whole desired state when it is called current, and is called so after a whole state', () => {
    fc.assert(
      fc.property(scenario, (one) => decidesWell(one, isCurrent)),
      { numRuns: 400 },
    );
  });

  test.each([
    ['the floor of what the hub remembers', withoutFloor],
    ['the groups above the own', withoutAncestors],
    ["the device's own changes", withoutDevice],
  ])('[INV-1] control: without %s it is refuted', (_guard, decide) => {
    const law = fc.property(scenario, (one) => decidesWell(one, decide));
    expect(fc.check(law, { numRuns: 20_000, endOnFailure: true }).failed).toBe(true);
  });
});

const ALERT = {
  deploymentId: 9,
  alertId: null,
  rev: 9,
  severity: 'info',
  title: 'T',
  message: '',
  content: null,
  startedAt: 0,
  expiresAt: 5_000,
  drill: false,
} as const;
const DEVICE: DeviceRecord = {
  deviceId: 70,
  tenantId: 1,
  groupId: null,
  config: { volume: 4 },
  active: true,
  credentialVersion: 1,
  rev: 4,
  placementRev: 0,
  commands: [
    { commandId: 1, name: 'reboot', args: {}, issuedAt: 0, expiresAt: 3_000 },
    { commandId: 2, name: 'identify', args: {}, issuedAt: 0, expiresAt: 9_000 },
  ],
};
const POSITION = { epoch: 3, rev: 12 };

function tenant(): TenantModel {
  const model = new TenantModel({ tenantId: 1, groups: [], alerts: [], schedules: [] }, 6);
  model.startAlert(ALERT, { groupIds: [], deviceIds: [70] });
  return model;
}

describe('the desired state', () => {
  test('[INV-3] hands out neither alerts nor commands that have run out', () => {
    expect(composeState(tenant(), DEVICE, POSITION, 2_999)).toEqual({
      epoch: 3,
      rev: 12,
      alerts: [ALERT],
      scheduleVersion: null,
      config: { volume: 4 },
      commands: DEVICE.commands,
    });
    const later = composeState(tenant(), DEVICE, POSITION, 5_000);
    expect(later.alerts).toEqual([]);
    expect(later.commands.map(({ commandId }) => commandId)).toEqual([2]);
  });

  test.each([
    ['says everything right', { epoch: 3, rev: 12, displayed: [9] }, true],
    ['had the last change', { epoch: 3, rev: 9 }, true],
    ['lacks the last change', { epoch: 3, rev: 8 }, false],
    ['has the revs of another history', { epoch: 2, rev: 12 }, false],
    ['has no epoch', { epoch: undefined, rev: 12 }, false],
    ['has no rev', { epoch: 3, rev: undefined }, false],
    ['claims a rev that is not there yet', { epoch: 3, rev: 13 }, false],
    ['shows nothing', { epoch: 3, rev: 12, displayed: [] }, false],
    ['shows something else', { epoch: 3, rev: 12, displayed: [8] }, false],
    ['shows more', { epoch: 3, rev: 12, displayed: [8, 9] }, false],
    ['names one twice', { epoch: 3, rev: 12, displayed: [9, 9] }, false],
  ])('a device that %s', (_what, claim, current) => {
    expect(isCurrent(tenant(), DEVICE, POSITION, claim, 2_000)).toBe(current);
  });

  test('a device that still shows what has expired is told', () => {
    expect(isCurrent(tenant(), DEVICE, POSITION, { epoch: 3, rev: 12, displayed: [9] }, 5_000)).toBe(false);
    expect(isCurrent(tenant(), DEVICE, POSITION, { epoch: 3, rev: 12, displayed: [] }, 5_000)).toBe(true);
  });
});
