/**
 * The laws of the merge, against a model hub whose truth is known at every rev. Histories, losses, repeats and orders are
 * generated; a failure prints the seed and path that replay it. Each law has a control: the same law over a reducer with the
 * guard taken out must find a counterexample, or the law proves nothing.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Alert, Command, Config, DesiredState } from './desired-state.ts';
import type { DownFrame } from './down.ts';
import { applyDown, EMPTY_SCREEN, helloFor, visibleAlerts, type Screen } from './screen.ts';

const NOW = Date.parse('2026-11-20T10:00:00.000Z');
const EPOCH = 1_763_629_800_000;

type Op =
  | { kind: 'start'; severity: Alert['severity'] }
  | { kind: 'stop' | 'finish'; pick: number }
  | { kind: 'config'; volume: number }
  | { kind: 'schedule' | 'command' | 'elsewhere' };

interface History {
  /** What the hub pushed to the device, in commit order. Finished commands and other devices' changes push nothing. */
  readonly pushes: readonly DownFrame[];
  /** The truth after each change, the first before any. */
  readonly states: readonly DesiredState[];
  /** Rev of the last change that concerned this device. */
  readonly deviceRev: number;
}

/** Plays the operations on a model hub: the change log of one device, and its desired state at every rev. */
function play(ops: readonly Op[], epoch: number): History {
  let alerts: Alert[] = [];
  let commands: Command[] = [];
  let schedule: { version: number } | null = null;
  let config: Config = {};
  let rev = 1;
  let deviceRev = 1;
  const pushes: DownFrame[] = [];
  const snapshot = (): DesiredState => ({ epoch, rev, alerts, schedule, config, commands });
  const states = [snapshot()];
  for (const op of ops) {
    rev++;
    const push = (frame: DownFrame) => void pushes.push(frame);
    if (op.kind === 'start') {
      const alert = newAlert(rev, op.severity);
      alerts = [...alerts, alert];
      push({ type: 'alert.start', rev, alert });
    } else if (op.kind === 'stop' && alerts.length > 0) {
      const { deploymentId } = alerts[op.pick % alerts.length]!;
      alerts = alerts.filter((alert) => alert.deploymentId !== deploymentId);
      push({ type: 'alert.stop', rev, deploymentId });
    } else if (op.kind === 'schedule') {
      schedule = { version: rev };
      push({ type: 'schedule.changed', rev, version: rev });
    } else if (op.kind === 'config') {
      config = { volume: op.volume };
      push({ type: 'config.changed', rev, config });
    } else if (op.kind === 'command') {
      const command: Command = { commandId: rev, name: 'refresh', args: {}, issuedAt: iso(0), expiresAt: iso(60_000) };
      commands = [...commands, command];
      push({ type: 'command', rev, command });
    } else if (op.kind === 'finish' && commands.length > 0) {
      commands = commands.filter((_, index) => index !== op.pick % commands.length);
    }
    const before = states.at(-1)!;
    if (JSON.stringify({ ...before, rev }) !== JSON.stringify(snapshot())) deviceRev = rev;
    states.push(snapshot());
  }
  return { pushes, states, deviceRev };
}

function iso(offsetMs: number): string {
  return new Date(NOW + offsetMs).toISOString();
}

function newAlert(rev: number, severity: Alert['severity']): Alert {
  const life = { startedAt: iso(rev), expiresAt: iso(3_600_000) };
  return { deploymentId: rev, alertId: null, rev, severity, title: `#${rev}`, message: '', ...life, drill: false };
}

function stateFrame(state: DesiredState): DownFrame {
  return { type: 'state', epoch: state.epoch, rev: state.rev, state };
}

function welcome(epoch: number, rev: number, state?: DesiredState): DownFrame {
  const session = {
    sessionId: 's',
    connEpoch: 1,
    pingSeconds: 20,
    statusSeconds: 60,
    reconnect: { minMs: 0, maxMs: 60_000 },
  };
  const times = { serverTime: iso(0), tokenExpiresAt: iso(3_600_000) };
  return { type: 'welcome', epoch, rev, ...session, ...times, ...(state === undefined ? {} : { state }) };
}

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('start' as const), severity: fc.constantFrom('info', 'critical') }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('stop' as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('finish' as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('config' as const), volume: fc.nat(100) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('schedule' as const, 'command' as const, 'elsewhere' as const) }),
  },
);
const history = fc.array(op, { minLength: 1, maxLength: 14 }).map((ops) => play(ops, EPOCH));

/** Everything that was ever said in the epoch: the pushes, and the states in between that reconnects would have brought. */
function everything({ pushes, states }: History): DownFrame[] {
  return [...pushes, ...states.map(stateFrame)];
}

/** Any of the messages, in any order, any number of times; the others are lost. */
function lossy(from: (history: History) => readonly DownFrame[]): fc.Arbitrary<{ told: History; heard: DownFrame[] }> {
  return history.chain((told) => {
    const frames = from(told);
    const heard =
      frames.length === 0 ? fc.constant<DownFrame[]>([]) : fc.array(fc.constantFrom(...frames), { maxLength: 30 });
    return heard.map((list) => ({ told, heard: list }));
  });
}

/** Every message at least once, in any order. */
const complete = history.chain((told) => {
  const frames = everything(told);
  return fc
    .tuple(
      fc.shuffledSubarray(frames, { minLength: frames.length }),
      fc.array(fc.tuple(fc.nat(), fc.constantFrom(...frames))),
    )
    .map(([heard, repeats]) => {
      for (const [place, frame] of repeats) heard.splice(place % (heard.length + 1), 0, frame);
      return { told, heard };
    });
});

type Reducer = (screen: Screen, frame: DownFrame) => Screen;

const merge: Reducer = (screen, frame) => applyDown(screen, frame, NOW).screen;
/** Controls: the merge with one guard taken out. */
const withoutTombstones: Reducer = (screen, frame) => merge({ ...screen, tombstones: {} }, frame);
const withoutRevs: Reducer = (screen, frame) => {
  const alerts = Object.fromEntries(Object.entries(screen.alerts).map(([id, held]) => [id, { ...held, rev: -1 }]));
  return merge({ ...screen, rev: 0, stateRev: -1, scheduleRev: -1, configRev: -1, alerts }, frame);
};
const withoutReplacing: Reducer = (screen, frame) => {
  const next = merge(screen, frame);
  return frame.type === 'state' ? { ...next, alerts: { ...screen.alerts, ...next.alerts } } : next;
};

function afterHearing(reduce: Reducer, first: DesiredState, heard: readonly DownFrame[]): Screen {
  return heard.reduce(reduce, reduce(EMPTY_SCREEN, welcome(first.epoch, first.rev, first)));
}

/** What a screen shows and is, in the words of the desired state. */
function content(screen: Screen): Omit<DesiredState, 'rev' | 'commands'> & { commands: Command[] } {
  return {
    epoch: screen.epoch ?? 0,
    alerts: Object.values(screen.alerts).map((held) => held.alert),
    schedule: screen.scheduleVersion === null ? null : { version: screen.scheduleVersion },
    config: screen.config,
    commands: Object.values(screen.commands).map((held) => held.command),
  };
}

function truth({ states }: History): ReturnType<typeof content> {
  const { rev: _rev, ...rest } = states.at(-1)!;
  return rest;
}

/** Runs a law and its control: the law holds, and without the guard a counterexample is found. */
function lawAndControls(
  law: (reduce: Reducer) => fc.IRawProperty<unknown, false>,
  controls: Readonly<Record<string, Reducer>>,
): void {
  test('holds', () => {
    fc.assert(law(merge), { numRuns: 500 });
  });
  test.each(Object.entries(controls))('control: fails %s', (_name, reduce) => {
    expect(fc.check(law(reduce), { numRuns: 3_000, endOnFailure: true }).failed).toBe(true);
  });
}

describe('[INV-7] losses, repeats and any order, then one state: the screen is the truth', () => {
  const law = (reduce: Reducer) =>
    fc.property(lossy(everything), ({ told, heard }) => {
      const screen = afterHearing(reduce, told.states[0]!, [...heard, stateFrame(told.states.at(-1)!)]);
      expect(content(screen)).toEqual(truth(told));
    });
  lawAndControls(law, { 'when a state does not replace what is older': withoutReplacing });
});

describe('[INV-7] any order and number of the same messages: the same screen', () => {
  const law = (reduce: Reducer) =>
    fc.property(complete, ({ told, heard }) => {
      const inOrder = afterHearing(reduce, told.states[0]!, everything(told));
      const shuffled = afterHearing(reduce, told.states[0]!, heard);
      expect(content(shuffled)).toEqual(truth(told));
      expect(shuffled).toEqual(inOrder);
    });
  lawAndControls(law, { 'without comparing revs': withoutRevs });
});

describe('[INV-7] pushes alone, none lost, in any order: the truth, without any state', () => {
  const law = (reduce: Reducer) =>
    fc.property(
      history.chain((told) =>
        fc.shuffledSubarray([...told.pushes], { minLength: told.pushes.length }).map((heard) => ({ told, heard })),
      ),
      ({ told, heard }) => {
        const { commands: _commands, ...screen } = content(afterHearing(reduce, told.states[0]!, heard));
        const { commands: _finished, ...expected } = truth(told);
        expect(screen).toEqual(expected);
      },
    );
  lawAndControls(law, { 'without tombstones': withoutTombstones, 'without comparing revs': withoutRevs });
});

describe('[INV-2] a stopped deployment is never shown again', () => {
  const law = (reduce: Reducer) =>
    fc.property(lossy(everything), ({ told, heard }) => {
      let screen = afterHearing(reduce, told.states[0]!, []);
      const stopped = new Set<number>();
      for (const frame of heard) {
        screen = reduce(screen, frame);
        if (frame.type === 'alert.stop') stopped.add(frame.deploymentId);
        expect(visibleAlerts(screen, NOW).filter((alert) => stopped.has(alert.deploymentId))).toEqual([]);
      }
    });
  lawAndControls(law, { 'without tombstones': withoutTombstones });
});

describe('[INV-5] revs only grow, and in order the content at each rev is that of the hub', () => {
  const law = (reduce: Reducer) =>
    fc.property(lossy(everything), ({ told, heard }) => {
      let screen = afterHearing(reduce, told.states[0]!, []);
      for (const frame of heard) {
        const next = reduce(screen, frame);
        expect(next.rev).toBeGreaterThanOrEqual(Math.max(screen.rev, 'rev' in frame ? frame.rev : 0));
        expect(next.stateRev).toBeGreaterThanOrEqual(screen.stateRev);
        expect(next.stateRev).toBeLessThanOrEqual(next.rev);
        screen = next;
      }
    });
  lawAndControls(law, { 'without comparing revs': withoutRevs });

  test('an unbroken stream leaves no hole', () => {
    fc.assert(
      fc.property(history, (told) => {
        let screen = afterHearing(merge, told.states[0]!, []);
        for (const frame of told.pushes) {
          screen = merge(screen, frame);
          const { alerts, schedule, config } = told.states.find((state) => state.rev === screen.rev)!;
          expect(content(screen)).toMatchObject({ alerts, schedule, config });
        }
      }),
    );
  });
});

describe('[INV-1] whatever was lost, the next hello brings the truth', () => {
  /** What the hub answers: a state unless nothing that concerns the device is newer than what it says it has. */
  const answer = (told: History, hello: { epoch?: number; rev?: number }) => {
    const now = told.states.at(-1)!;
    const current = hello.epoch === now.epoch && hello.rev !== undefined && hello.rev >= told.deviceRev;
    return welcome(now.epoch, now.rev, current ? undefined : now);
  };
  const law = (hello: typeof helloFor) =>
    fc.property(
      lossy(({ pushes }) => pushes),
      ({ told, heard }) => {
        const screen = afterHearing(merge, told.states[0]!, heard);
        const back = merge(screen, answer(told, hello(screen)));
        const { commands: _commands, ...shown } = content(back);
        const { commands: _finished, ...expected } = truth(told);
        expect(shown).toEqual(expected);
        expect(helloFor(back)).toEqual({ epoch: EPOCH, rev: told.states.at(-1)!.rev });
      },
    );
  test('holds', () => {
    fc.assert(law(helloFor), { numRuns: 500 });
  });
  test('control: fails when hello says the highest rev seen', () => {
    const boastful = (screen: Screen) => ({ epoch: screen.epoch!, rev: screen.rev });
    expect(fc.check(law(boastful), { numRuns: 3_000, endOnFailure: true }).failed).toBe(true);
  });
});

describe('a restored database: another epoch with smaller revs and the same ids', () => {
  const law = (reduce: Reducer) =>
    fc.property(lossy(everything), fc.array(op, { maxLength: 8 }), ({ told, heard }, later) => {
      const restored = play(later, EPOCH + 1);
      const screen = afterHearing(reduce, told.states[0]!, heard);
      const first = restored.states[0]!;
      const session = [welcome(EPOCH + 1, first.rev, first), ...restored.pushes].reduce(reduce, screen);
      const { commands: _commands, ...shown } = content(session);
      const { commands: _finished, ...expected } = truth(restored);
      expect(shown).toEqual(expected);
    });
  lawAndControls(law, {
    'when the epoch is not looked at': (screen, frame) =>
      frame.type === 'welcome' && frame.state !== undefined && screen.epoch !== null
        ? merge({ ...screen, epoch: frame.epoch }, frame)
        : merge(screen, frame),
  });
});
