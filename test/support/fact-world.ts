/**
 * The facts that a database of Podoh holds, small enough to think about: random mutations in the API's manner, the change
 * log they leave, the snapshot and the device rows that a hub would read, and the desired state computed from the facts
 * alone by the plainest method there is. Properties of the hub's core hold the real code against it.
 *
 * Invariant: facts are never written to; each act makes new ones, so that the truth at every rev stays there to compare with.
 */
import fc from 'fast-check';
import type { Change, NewChange } from '../../hub/core/changes.ts';
import type { ModelSnapshot } from '../../hub/core/hub-model.ts';
import type { ActiveAlert, DeviceConfig, DeviceRecord, PendingCommand, Severity } from '../../hub/core/model.ts';

export interface GroupFact {
  readonly tenantId: number;
  readonly parentId: number | null;
  readonly config: DeviceConfig;
  readonly rev: number;
  readonly placementRev: number;
}

export interface DeviceFact extends Omit<DeviceRecord, 'deviceId' | 'commands'> {
  /** Open ones, oldest first, whether or not they have run out. */
  readonly commands: readonly PendingCommand[];
}

export interface AlertFact {
  readonly tenantId: number;
  readonly alert: ActiveAlert;
  readonly groupIds: readonly number[];
  readonly deviceIds: readonly number[];
  readonly stopped: boolean;
}

export interface Facts {
  readonly rev: number;
  readonly groups: ReadonlyMap<number, GroupFact>;
  readonly devices: ReadonlyMap<number, DeviceFact>;
  readonly alerts: ReadonlyMap<number, AlertFact>;
  readonly assignments: readonly {
    tenantId: number;
    kind: 'group' | 'device' | 'tenant';
    targetId: number;
    rev: number;
  }[];
}

const TENANTS: readonly number[] = [1, 2];
export const WORLD_EPOCH = 7;
/** Where a world's time begins, epoch milliseconds. */
const WORLD_START = Date.UTC(2026, 10, 20, 9, 0, 0);

const config: fc.Arbitrary<DeviceConfig> = fc.oneof(
  fc.constant({}),
  fc.record({ volume: fc.nat(100) }),
  fc.record({ brightness: fc.nat(100) }),
  fc.record({ volume: fc.nat(100), orientation: fc.constantFrom('landscape' as const, 'portrait' as const) }),
);
const pick = fc.nat(30);
const tenantId = fc.constantFrom(...TENANTS);
const targets = { groups: fc.array(pick, { maxLength: 2 }), devices: fc.array(pick, { maxLength: 2 }) };

/** One thing that somebody does. Numbers pick among what is there; where nothing is, nothing happens. */
const ACTS = {
  'create-group': fc.record({ tenantId, under: pick, config }),
  'move-group': fc.record({ tenantId, group: pick, under: pick }),
  'configure-group': fc.record({ tenantId, group: pick, config }),
  'remove-group': fc.record({ tenantId, group: pick }),
  'create-device': fc.record({ tenantId, group: pick }),
  'move-device': fc.record({ tenantId, device: pick, group: pick }),
  'configure-device': fc.record({ tenantId, device: pick, config }),
  'revoke-device': fc.record({ tenantId, device: pick }),
  'start-alert': fc.record({
    tenantId,
    ...targets,
    severity: fc.constantFrom<Severity>('info', 'warning', 'critical'),
    lifeMs: fc.integer({ min: 1, max: 20_000 }),
  }),
  'stop-alert': fc.record({ tenantId, alert: pick }),
  'assign-schedules': fc.record({ tenantId, ...targets }),
  /** What is to be fetched ahead for alerts is another. */
  'change-prefetch': fc.record({ tenantId }),
  'issue-command': fc.record({ tenantId, device: pick, lifeMs: fc.integer({ min: 1, max: 20_000 }) }),
  'finish-command': fc.record({ tenantId, device: pick, command: pick }),
} as const;
type ActKind = keyof typeof ACTS;
type ActOf<K extends ActKind> =
  { readonly kind: K } & (typeof ACTS)[K] extends fc.Arbitrary<infer V> ? { readonly kind: K } & V : never;
export type Act = { [K in ActKind]: ActOf<K> }[ActKind];

const WEIGHTS: Partial<Record<ActKind, number>> = {
  'start-alert': 5,
  'stop-alert': 4,
  'move-device': 3,
  'move-group': 3,
};

/** Random acts. `revoke-device` is left out where devices are to stay. */
export function anyAct({ revocations }: { revocations: boolean }): fc.Arbitrary<Act> {
  const kinds = (Object.keys(ACTS) as ActKind[]).filter((kind) => revocations || kind !== 'revoke-device');
  return fc.oneof(
    ...kinds.map((kind) => ({
      weight: WEIGHTS[kind] ?? 2,
      arbitrary: (ACTS[kind] as fc.Arbitrary<object>).map((rest) => ({ kind, ...rest }) as Act),
    })),
  );
}

interface Outcome {
  readonly facts: Facts;
  readonly change: NewChange;
}

/** What an act makes of the facts, or null when it can not be done. `rev` is the rev of its change. */
function decide(facts: Facts, act: Act, rev: number, now: number): Outcome | null {
  switch (act.kind) {
    case 'create-group':
    case 'move-group':
    case 'configure-group':
    case 'remove-group':
      return decideGroup(facts, act, rev);
    case 'create-device':
    case 'move-device':
    case 'configure-device':
    case 'revoke-device':
      return decideDevice(facts, act, rev);
    case 'start-alert':
    case 'stop-alert':
      return decideAlert(facts, act, rev, now);
    case 'assign-schedules': {
      const { groupIds, deviceIds } = chosenTargets(facts, act);
      if (groupIds.length + deviceIds.length === 0) return null;
      const rows = [
        ...groupIds.map((targetId) => ({ tenantId: act.tenantId, kind: 'group' as const, targetId, rev })),
        ...deviceIds.map((targetId) => ({ tenantId: act.tenantId, kind: 'device' as const, targetId, rev })),
      ];
      return {
        facts: { ...facts, rev, assignments: [...facts.assignments, ...rows] },
        change: { kind: 'schedule.assigned', groupIds, deviceIds },
      };
    }
    case 'change-prefetch': {
      const row = { tenantId: act.tenantId, kind: 'tenant' as const, targetId: 0, rev };
      return {
        facts: { ...facts, rev, assignments: [...facts.assignments, row] },
        change: { kind: 'schedule.assigned', groupIds: [], deviceIds: [], everywhere: true },
      };
    }
    case 'issue-command':
    case 'finish-command':
      return decideCommand(facts, act, rev, now);
  }
}

type GroupAct = Extract<Act, { kind: `${string}-group` }>;

function decideGroup(facts: Facts, act: GroupAct, rev: number): Outcome | null {
  const ids = idsOf(facts.groups, act.tenantId);
  if (act.kind === 'create-group') {
    const groupId = rev;
    const parentId = chosenOrNone(ids, act.under);
    const fact = { tenantId: act.tenantId, parentId, config: act.config, rev, placementRev: 0 };
    return {
      facts: { ...facts, rev, groups: put(facts.groups, groupId, fact) },
      change: { kind: 'group.saved', groupId, parentId, config: act.config },
    };
  }
  const groupId = chosen(ids, act.group);
  const old = groupId === undefined ? undefined : facts.groups.get(groupId);
  if (groupId === undefined || old === undefined) return null;
  if (act.kind === 'remove-group') {
    const used = [...facts.groups.values()].some((group) => group.parentId === groupId);
    const lived = [...facts.devices.values()].some((device) => device.groupId === groupId);
    if (used || lived) return null;
    const groups = new Map(facts.groups);
    groups.delete(groupId);
    const assignments = facts.assignments.filter((row) => row.kind !== 'group' || row.targetId !== groupId);
    return { facts: { ...facts, rev, groups, assignments }, change: { kind: 'group.removed', groupId } };
  }
  const parentId = act.kind === 'move-group' ? chosenOrNone(ids, act.under) : old.parentId;
  if (parentId !== null && chainIds(facts, parentId).includes(groupId)) return null;
  const next = act.kind === 'configure-group' ? act.config : old.config;
  const placementRev = parentId === old.parentId ? old.placementRev : rev;
  const fact = { ...old, parentId, config: next, rev, placementRev };
  return {
    facts: { ...facts, rev, groups: put(facts.groups, groupId, fact) },
    change: { kind: 'group.saved', groupId, parentId, config: next },
  };
}

type DeviceAct = Extract<Act, { kind: `${string}-device` }>;

function decideDevice(facts: Facts, act: DeviceAct, rev: number): Outcome | null {
  const groups = idsOf(facts.groups, act.tenantId);
  if (act.kind === 'create-device') {
    const groupId = chosenOrNone(groups, act.group);
    const placementRev = groupId === null ? 0 : rev;
    const life = { active: true, credentialVersion: 1, rev, placementRev, commands: [] };
    const fact = { tenantId: act.tenantId, groupId, config: {}, ...life };
    return {
      facts: { ...facts, rev, devices: put(facts.devices, rev, fact) },
      change: { kind: 'device.saved', deviceId: rev, groupId, config: {} },
    };
  }
  const deviceId = chosen(idsOf(facts.devices, act.tenantId), act.device);
  const old = deviceId === undefined ? undefined : facts.devices.get(deviceId);
  if (deviceId === undefined || old === undefined) return null;
  if (act.kind === 'revoke-device') {
    if (!old.active) return null;
    const credentialVersion = old.credentialVersion + 1;
    return {
      facts: {
        ...facts,
        rev,
        devices: put(facts.devices, deviceId, { ...old, active: false, credentialVersion, rev }),
      },
      change: { kind: 'device.credential', deviceId, credentialVersion, reason: 'revoked' },
    };
  }
  const groupId = act.kind === 'move-device' ? chosenOrNone(groups, act.group) : old.groupId;
  const next = act.kind === 'configure-device' ? act.config : old.config;
  const placementRev = groupId === old.groupId ? old.placementRev : rev;
  return {
    facts: {
      ...facts,
      rev,
      devices: put(facts.devices, deviceId, { ...old, groupId, config: next, rev, placementRev }),
    },
    change: { kind: 'device.saved', deviceId, groupId, config: next },
  };
}

type AlertAct = Extract<Act, { kind: 'start-alert' | 'stop-alert' }>;

function decideAlert(facts: Facts, act: AlertAct, rev: number, now: number): Outcome | null {
  if (act.kind === 'stop-alert') {
    const open = idsOf(facts.alerts, act.tenantId).filter((id) => facts.alerts.get(id)?.stopped === false);
    const deploymentId = chosen(open, act.alert);
    const old = deploymentId === undefined ? undefined : facts.alerts.get(deploymentId);
    if (deploymentId === undefined || old === undefined) return null;
    return {
      facts: { ...facts, rev, alerts: put(facts.alerts, deploymentId, { ...old, stopped: true }) },
      change: { kind: 'alert.stopped', deploymentId },
    };
  }
  const { groupIds, deviceIds } = chosenTargets(facts, act);
  if (groupIds.length + deviceIds.length === 0) return null;
  const text = {
    alertId: null,
    severity: act.severity,
    title: `Alert ${rev}`,
    message: '',
    content: null,
    drill: false,
  };
  const alert = { deploymentId: rev, ...text, startedAt: now, expiresAt: now + act.lifeMs };
  const fact = { tenantId: act.tenantId, alert: { ...alert, rev }, groupIds, deviceIds, stopped: false };
  return {
    facts: { ...facts, rev, alerts: put(facts.alerts, rev, fact) },
    change: { kind: 'alert.started', alert, groupIds, deviceIds },
  };
}

type CommandAct = Extract<Act, { kind: 'issue-command' | 'finish-command' }>;

function decideCommand(facts: Facts, act: CommandAct, rev: number, now: number): Outcome | null {
  const deviceId = chosen(idsOf(facts.devices, act.tenantId), act.device);
  const old = deviceId === undefined ? undefined : facts.devices.get(deviceId);
  if (deviceId === undefined || old === undefined) return null;
  if (act.kind === 'issue-command') {
    const life = { issuedAt: now, expiresAt: now + act.lifeMs };
    const command = { commandId: rev, name: 'refresh', args: {}, ...life };
    const commands = [...old.commands, command];
    return {
      facts: { ...facts, rev, devices: put(facts.devices, deviceId, { ...old, commands, rev }) },
      change: { kind: 'command.issued', deviceId, command },
    };
  }
  const commandId = old.commands[act.command % Math.max(1, old.commands.length)]?.commandId;
  if (commandId === undefined) return null;
  const commands = old.commands.filter((command) => command.commandId !== commandId);
  // The device said so itself: its own rev stays.
  return {
    facts: { ...facts, rev, devices: put(facts.devices, deviceId, { ...old, commands }) },
    change: { kind: 'command.finished', deviceId, commandId },
  };
}

function put<V>(map: ReadonlyMap<number, V>, key: number, value: V): ReadonlyMap<number, V> {
  return new Map(map).set(key, value);
}

function idsOf(map: ReadonlyMap<number, { readonly tenantId: number }>, tenant: number): number[] {
  return [...map].filter(([, fact]) => fact.tenantId === tenant).map(([id]) => id);
}

function chosen(ids: readonly number[], number: number): number | undefined {
  return ids[number % Math.max(1, ids.length)];
}

/** None is one of the choices. */
function chosenOrNone(ids: readonly number[], number: number): number | null {
  return ids[number % (ids.length + 1)] ?? null;
}

function chosenTargets(
  facts: Facts,
  { tenantId: tenant, groups, devices }: { tenantId: number; groups: readonly number[]; devices: readonly number[] },
): { groupIds: number[]; deviceIds: number[] } {
  const all = (ids: readonly number[], numbers: readonly number[]) =>
    [...new Set(numbers.map((number) => chosen(ids, number)))].filter((id) => id !== undefined);
  return { groupIds: all(idsOf(facts.groups, tenant), groups), deviceIds: all(idsOf(facts.devices, tenant), devices) };
}

/** The groups from this one up to the top. */
function chainIds(facts: Facts, groupId: number | null): number[] {
  const chain: number[] = [];
  for (let id = groupId; id !== null && !chain.includes(id); id = facts.groups.get(id)?.parentId ?? null)
    chain.push(id);
  return chain;
}

/** A database with a history. Time stands still until it is told to pass. */
export class FactWorld {
  now = WORLD_START;
  /** The truth at each rev; the index is the rev. */
  readonly history: Facts[] = [{ rev: 0, groups: new Map(), devices: new Map(), alerts: new Map(), assignments: [] }];
  readonly log: Change[] = [];

  get facts(): Facts {
    return this.history.at(-1) as Facts;
  }

  /** A tree of three levels and a hall beside it with screens in them, and another tenant: so that acts find what they need. */
  populate(): this {
    const group = (tenant: number, under: number) =>
      this.act({ kind: 'create-group', tenantId: tenant, under, config: { volume: under } });
    const device = (tenant: number, at: number) => this.act({ kind: 'create-device', tenantId: tenant, group: at });
    for (const under of [0, 0, 1, 3]) group(1, under);
    for (const at of [0, 1, 2, 2, 4]) device(1, at);
    group(2, 0);
    device(2, 0);
    return this;
  }

  /** Does it and appends its change; returns the change, or null when it could not be done. */
  act(act: Act): Change | null {
    const rev = this.facts.rev + 1;
    const outcome = decide(this.facts, act, rev, this.now);
    if (outcome === null) return null;
    const change = { rev, tenantId: act.tenantId, change: outcome.change };
    this.history.push(outcome.facts);
    this.log.push(change);
    return change;
  }

  /** What `loadModel` reads. */
  snapshot(facts: Facts = this.facts): ModelSnapshot {
    return {
      epoch: WORLD_EPOCH,
      rev: facts.rev,
      revokedDeviceIds: [...facts.devices].filter(([, device]) => !device.active).map(([id]) => id),
      tenants: TENANTS.map((tenant) => ({
        tenantId: tenant,
        groups: [...facts.groups]
          .filter(([, group]) => group.tenantId === tenant)
          .map(([groupId, { parentId, config: settings, rev, placementRev }]) => ({
            groupId,
            parentId,
            config: settings,
            rev,
            placementRev,
          })),
        alerts: [...facts.alerts.values()]
          .filter((fact) => fact.tenantId === tenant && !fact.stopped && fact.alert.expiresAt > this.now)
          .map(({ alert, groupIds, deviceIds }) => ({ alert, targets: { groupIds, deviceIds } })),
        schedules: facts.assignments
          .filter((row) => row.tenantId === tenant)
          .map(({ kind, targetId, rev }) => ({ kind, targetId, rev })),
      })),
    };
  }

  /** What `loadDevices` reads. */
  record(deviceId: number, facts: Facts = this.facts): DeviceRecord {
    const fact = facts.devices.get(deviceId);
    if (fact === undefined) throw new Error(`no device ${deviceId}`);
    return { deviceId, ...fact, commands: fact.commands.filter((command) => command.expiresAt > this.now) };
  }

  /** The device's desired state by the facts alone. */
  truth(deviceId: number, facts: Facts = this.facts): Truth {
    const device = facts.devices.get(deviceId);
    if (device === undefined) throw new Error(`no device ${deviceId}`);
    const chain = chainIds(facts, device.groupId);
    const shown = [...facts.alerts.values()].filter(
      ({ alert, groupIds, deviceIds, stopped }) =>
        !stopped &&
        alert.expiresAt > this.now &&
        (deviceIds.includes(deviceId) || groupIds.some((groupId) => chain.includes(groupId))),
    );
    const loud = ['info', 'warning', 'critical'];
    const alerts = shown
      .map(({ alert }) => alert)
      .sort(
        (a, b) =>
          loud.indexOf(b.severity) - loud.indexOf(a.severity) ||
          b.startedAt - a.startedAt ||
          b.deploymentId - a.deploymentId,
      );
    const groups = chain.map((id) => facts.groups.get(id) as GroupFact);
    const assigned = facts.assignments
      .filter(({ tenantId: tenant, kind, targetId }) => {
        if (kind === 'tenant') return tenant === device.tenantId;
        return kind === 'device' ? targetId === deviceId : chain.includes(targetId);
      })
      .map(({ rev }) => rev);
    const placed = [device.placementRev, ...groups.map((group) => group.placementRev)];
    return {
      alerts,
      config: Object.assign({}, ...groups.toReversed().map((group) => group.config), device.config) as DeviceConfig,
      scheduleVersion: assigned.length === 0 ? null : Math.max(...assigned, ...placed),
      commands: device.commands.filter((command) => command.expiresAt > this.now),
    };
  }
}

export interface Truth {
  readonly alerts: readonly ActiveAlert[];
  readonly config: DeviceConfig;
  readonly scheduleVersion: number | null;
  readonly commands: readonly PendingCommand[];
}
