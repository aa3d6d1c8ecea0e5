/**
 * [INV-1][INV-2][INV-5][INV-6][INV-7] over random histories and faults: whatever was lost, repeated or swapped, once the nodes have
 * read the log and a device has shaken hands with one of them, it shows and is exactly what the facts say. Each guard has a
 * control: without it a counterexample must be found. A failure prints seed and path.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isCurrent } from '../../hub/core/desired-state.ts';
import type { DeviceRecord } from '../../hub/core/model.ts';
import type { TenantModel } from '../../hub/core/tenant-model.ts';
import { anyAct, FactWorld, type Act } from '../support/fact-world.ts';
import { RULES, SimulatedDevice, SimulatedNode, type Rules } from '../support/simulated-fleet.ts';

const node = fc.constantFrom(0, 1);
const device = fc.nat(9);
const FAULTS = {
  pass: fc.record({ ms: fc.integer({ min: 1, max: 8_000 }) }),
  /** A hint reaches the node; one that is repeated or late does no more than another. */
  hint: fc.record({ node }),
  poll: fc.record({ node }),
  connect: fc.record({ node, device, saysDisplayed: fc.boolean() }),
  heartbeat: fc.record({ node, device, saysDisplayed: fc.boolean() }),
  receive: fc.record({ device, count: fc.integer({ min: 1, max: 6 }) }),
  lose: fc.record({ device }),
  repeat: fc.record({ device, at: fc.nat(6) }),
  swap: fc.record({ device, at: fc.nat(6) }),
  sweep: fc.record({ node }),
  cut: fc.record({ device }),
  forget: fc.record({ device }),
  restart: fc.record({ node }),
} as const;
type FaultKind = keyof typeof FAULTS;
type Fault = {
  [K in FaultKind]: { readonly kind: K } & ((typeof FAULTS)[K] extends fc.Arbitrary<infer V> ? V : never);
}[FaultKind];
type Step = Fault | { readonly kind: 'act'; readonly act: Act };

const WEIGHTS: Partial<Record<FaultKind, number>> = { connect: 5, receive: 6, hint: 3, heartbeat: 3 };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 22, arbitrary: anyAct({ revocations: false }).map((act) => ({ kind: 'act' as const, act })) },
  ...(Object.keys(FAULTS) as FaultKind[]).map((kind) => ({
    weight: WEIGHTS[kind] ?? 1,
    arbitrary: (FAULTS[kind] as fc.Arbitrary<object>).map((rest) => ({ kind, ...rest }) as Fault),
  })),
);

/** How each device is healed in the end. */
const ending = fc.record({ how: fc.constantFrom('stay', 'reconnect', 'heartbeat'), node, saysDisplayed: fc.boolean() });
const scenario = fc.record({
  steps: fc.array(step, { minLength: 10, maxLength: 90 }),
  endings: fc.array(ending, { minLength: 10, maxLength: 10 }),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer V> ? V : never;

class Simulation {
  readonly world = new FactWorld().populate();
  readonly nodes: SimulatedNode[];
  readonly devices = new Map<number, SimulatedDevice>();
  readonly #rules: Rules;

  constructor(rules: Rules) {
    this.#rules = rules;
    this.nodes = [new SimulatedNode(this.world, rules), new SimulatedNode(this.world, rules)];
    this.#meetNewDevices();
  }

  #meetNewDevices(): void {
    for (const deviceId of this.world.facts.devices.keys()) {
      if (!this.devices.has(deviceId)) this.devices.set(deviceId, new SimulatedDevice(this.world, deviceId));
    }
  }

  #device(number: number): SimulatedDevice {
    const all = [...this.devices.values()];
    return all[number % all.length] as SimulatedDevice;
  }

  take(one: Step): void {
    const at = 'node' in one ? (this.nodes[one.node] as SimulatedNode) : null;
    const who = 'device' in one ? this.#device(one.device) : null;
    const queue = who?.link?.queue ?? [];
    switch (one.kind) {
      case 'act':
        this.world.act(one.act);
        this.#meetNewDevices();
        return;
      case 'pass':
        this.world.now += one.ms;
        return;
      case 'hint':
        return at?.read();
      case 'poll':
        return this.#rules.polls ? at?.read() : undefined;
      case 'connect':
        return who?.connect(at as SimulatedNode, one.saysDisplayed);
      case 'heartbeat':
        return who?.heartbeat(at as SimulatedNode, one.saysDisplayed);
      case 'receive':
        return who?.receive(one.count);
      case 'lose': {
        const lost = queue.pop();
        if (lost !== undefined && who?.link != null) {
          who.link.lostRev = Math.max(who.link.lostRev, 'rev' in lost ? lost.rev : 0);
          // Without its welcome a session has not begun.
          if (lost.type === 'welcome') who.cut();
        }
        return;
      }
      case 'repeat': {
        const again = queue[one.at];
        if (again !== undefined) queue.push(again);
        return;
      }
      case 'swap': {
        const [first, second] = [queue[one.at], queue[one.at + 1]];
        if (first !== undefined && second !== undefined && first.type !== 'welcome') {
          [queue[one.at], queue[one.at + 1]] = [second, first];
        }
        return;
      }
      case 'sweep':
        return at?.sweepUnconfirmed();
      case 'cut':
        return who?.cut();
      case 'forget':
        return who?.forget();
      case 'restart':
        at?.restart();
        for (const each of this.devices.values()) if (each.link !== null && !at?.holds(each.link)) this.#maybeCut(each);
    }
  }

  /** A link that no node holds any more is dead. */
  #maybeCut(each: SimulatedDevice): void {
    if (each.link !== null && !this.nodes.some((one) => one.holds(each.link))) each.cut();
  }

  /** The fault is over: nodes look into the log, devices shake hands. Returns what is not as it should be. */
  heal(endings: Scenario['endings']): string[] {
    if (this.#rules.polls) for (const each of this.nodes) each.read();
    for (const [index, each] of [...this.devices.values()].entries()) {
      const { how, node: number, saysDisplayed } = endings[index % endings.length] as Scenario['endings'][number];
      const at = this.nodes[number] as SimulatedNode;
      this.#maybeCut(each);
      each.receive();
      if (how === 'stay' && each.link !== null && !each.link.holed) {
        for (const other of this.nodes) other.sweepUnconfirmed();
      } else if (how === 'heartbeat') each.heartbeat(at, saysDisplayed);
      else each.connect(at, saysDisplayed);
      each.receive();
    }
    const wrong = [...this.devices.values()].flatMap((each) => [...each.broken, each.difference() ?? []].flat());
    return [...this.nodes.flatMap(({ broken }) => broken), ...wrong];
  }
}

function faultsOf({ steps, endings }: Scenario, rules: Rules): string[] {
  const simulation = new Simulation(rules);
  for (const one of steps) simulation.take(one);
  return simulation.heal(endings);
}

function law(rules: Rules, from: fc.Arbitrary<Scenario> = scenario) {
  return fc.property(from, (one) => {
    expect(faultsOf(one, rules)).toEqual([]);
  });
}

/** Every device was told everything once; then things happen, and both hubs are started anew. */
const restarted: fc.Arbitrary<Scenario> = scenario.map(({ steps, endings }) => ({
  steps: [
    ...Array.from({ length: 10 }, (_, number) => [
      { kind: 'connect' as const, node: 0 as const, device: number, saysDisplayed: false },
      { kind: 'receive' as const, device: number, count: 1 },
    ]).flat(),
    ...steps,
    { kind: 'restart' as const, node: 0 as const },
    { kind: 'restart' as const, node: 1 as const },
  ],
  endings: endings.map((end) => ({ ...end, saysDisplayed: false })),
}));

/** `isCurrent` over a model that says something else of itself. */
function lying(lies: (model: TenantModel) => object): Rules['isCurrent'] {
  return (model, record, position, claim, now) => {
    const told = {
      floorRev: model.floorRev,
      stateRev: (of: DeviceRecord) => model.stateRev(of),
      alertsFor: (of: DeviceRecord, at: number) => model.alertsFor(of, at),
      ...lies(model),
    };
    return isCurrent(told as unknown as TenantModel, record, position, claim, now);
  };
}

/** Whether a counterexample is found. */
function isRefuted(property: fc.IProperty<unknown>): boolean {
  return fc.check(property, { numRuns: 20_000, endOnFailure: true }).failed;
}

describe('every screen', () => {
  test('[INV-1][INV-2][INV-5][INV-6][INV-7] is right in the end, whatever happened on the way', () => {
    fc.assert(law(RULES), { numRuns: 400 });
    fc.assert(law(RULES, restarted), { numRuns: 100 });
  });

  test('[INV-1] control: without the floor of what a hub remembers, some are wrong', () => {
    expect(isRefuted(law({ ...RULES, isCurrent: lying(() => ({ floorRev: 0 })) }, restarted))).toBe(true);
  });

  test.each<[string, Partial<Rules>]>([
    [
      '[INV-1] control: without the changes of the groups above',
      {
        isCurrent: lying((model) => ({
          stateRev: (of: DeviceRecord) => Math.max(of.rev, model.groups.get(of.groupId ?? 0)?.stateRev ?? 0),
        })),
      },
    ],
    ['[INV-1] control: without saying the state again to who did not confirm', { resends: false }],
    ['[INV-5] control: without waiting for the rev of the row', { waitsForRow: false }],
    ['[INV-5] control: over a log that is not gapless in commit order', { gaplessLog: false }],
    ['[INV-6] control: without polling, when hints are lost', { polls: false }],
  ])('%s, some are wrong', (_name, without) => {
    expect(isRefuted(law({ ...RULES, ...without }))).toBe(true);
  });
});
