/** The merge rules one by one; the laws that they add up to are in screen-laws.test.ts. */
import { describe, expect, test } from 'vitest';
import { CLOSE_CODES } from './close-codes.ts';
import type { Alert, Command, DesiredState } from './desired-state.ts';
import type { DownFrame } from './down.ts';
import {
  applyDown,
  applyHeartbeat,
  commandsToDo,
  EMPTY_SCREEN,
  EXPIRED_KEPT_MS,
  helloFor,
  nextExpiryMs,
  takeCommand,
  TOMBSTONES_MAX,
  visibleAlerts,
  type Screen,
  type ScreenEvent,
} from './screen.ts';

const NOW = Date.parse('2026-11-20T10:00:00.000Z');
const EPOCH = 1_763_629_800_000;

function at(offsetMs: number): string {
  return new Date(NOW + offsetMs).toISOString();
}

function alert(deploymentId: number, rev: number, over: Partial<Alert> = {}): Alert {
  return {
    deploymentId,
    alertId: null,
    rev,
    severity: 'warning',
    title: `Alert ${deploymentId}`,
    message: '',
    startedAt: at(-1_000),
    expiresAt: at(3_600_000),
    drill: false,
    ...over,
  };
}

function command(commandId: number, over: Partial<Command> = {}): Command {
  return { commandId, name: 'identify', args: {}, issuedAt: at(-1_000), expiresAt: at(60_000), ...over };
}

function state(rev: number, over: Partial<DesiredState> = {}): DesiredState {
  return { epoch: EPOCH, rev, alerts: [], schedule: null, config: {}, commands: [], ...over };
}

function stateFrame(rev: number, over: Partial<DesiredState> = {}): DownFrame {
  const body = state(rev, over);
  return { type: 'state', epoch: body.epoch, rev, state: body };
}

function welcome(epoch: number, rev: number, full?: DesiredState): DownFrame {
  return {
    type: 'welcome',
    sessionId: 's',
    connEpoch: 1,
    epoch,
    rev,
    serverTime: at(0),
    tokenExpiresAt: at(3_600_000),
    pingSeconds: 20,
    statusSeconds: 60,
    reconnect: { minMs: 1_000, maxMs: 60_000 },
    ...(full === undefined ? {} : { state: full }),
  };
}

function start(rev: number, what: Alert): DownFrame {
  return { type: 'alert.start', rev, alert: what };
}

function stop(rev: number, deploymentId: number): DownFrame {
  return { type: 'alert.stop', rev, deploymentId };
}

function after(screen: Screen, ...frames: DownFrame[]): Screen {
  return frames.reduce((now, frame) => applyDown(now, frame, NOW).screen, screen);
}

function eventsOf(screen: Screen, frame: DownFrame): readonly ScreenEvent[] {
  return applyDown(screen, frame, NOW).events;
}

function shown(screen: Screen): number[] {
  return visibleAlerts(screen, NOW).map((one) => one.deploymentId);
}

const KNOWN = after(
  EMPTY_SCREEN,
  welcome(EPOCH, 10, state(10, { alerts: [alert(1, 4)], schedule: { version: 3 }, config: { volume: 30 } })),
);

describe('state', () => {
  test('the first state fills the screen and says what to do', () => {
    const events = eventsOf(
      EMPTY_SCREEN,
      stateFrame(10, { alerts: [alert(1, 4)], schedule: { version: 3 }, commands: [command(7)] }),
    );
    expect(events).toEqual([
      { kind: 'applied', rev: 10 },
      { kind: 'alert-held', alert: alert(1, 4) },
      { kind: 'schedule', version: 3 },
      { kind: 'command', command: command(7) },
    ]);
  });

  test('within the epoch it replaces what is not newer, and pushes with a higher rev stay', () => {
    const pushed = after(
      KNOWN,
      start(14, alert(2, 14)),
      { type: 'schedule.changed', rev: 15, version: 15 },
      start(11, alert(3, 11)),
    );
    const replaced = after(
      pushed,
      stateFrame(12, { alerts: [alert(4, 12)], schedule: { version: 12 }, config: { volume: 50 } }),
    );
    expect(shown(replaced)).toEqual([4, 2]);
    expect(replaced).toMatchObject({ rev: 15, stateRev: 12, scheduleVersion: 15, config: { volume: 50 } });
  });

  test('an older one is left out but confirmed, so that the hub does not say it for ever', () => {
    const { screen, events } = applyDown(KNOWN, stateFrame(9, { alerts: [alert(9, 9)] }), NOW);
    expect(screen).toEqual({ ...KNOWN, sessionEpoch: EPOCH });
    expect(events).toEqual([{ kind: 'applied', rev: 10 }]);
  });

  test('one that says an alert stopped before does not bring it back', () => {
    const stopped = after(KNOWN, stop(12, 1));
    expect(shown(after(stopped, stateFrame(11, { alerts: [alert(1, 4)] })))).toEqual([]);
  });

  test('another epoch replaces everything, drops tombstones, and keeps what was done', () => {
    const taken = takeCommand(after(KNOWN, stop(20, 1)), command(7));
    const restored = after(
      taken,
      stateFrame(2, { epoch: EPOCH + 1, alerts: [alert(1, 2)], commands: [command(7), command(8)] }),
    );
    expect(restored).toMatchObject({
      epoch: EPOCH + 1,
      rev: 2,
      stateRev: 2,
      tombstones: {},
      scheduleVersion: null,
      config: {},
    });
    expect(shown(restored)).toEqual([1]);
    expect(commandsToDo(restored, NOW).map((one) => one.commandId)).toEqual([8]);
  });

  test('after a restore a reused command id is another command', () => {
    const taken = takeCommand(KNOWN, command(7));
    const reused = command(7, { issuedAt: at(5) });
    expect(commandsToDo(after(taken, stateFrame(1, { epoch: 2, commands: [reused] })), NOW)).toEqual([reused]);
  });
});

describe('pushes', () => {
  test('before any state they ask for a resync and change nothing', () => {
    const { screen, events } = applyDown(EMPTY_SCREEN, start(5, alert(1, 5)), NOW);
    expect(screen).toEqual(EMPTY_SCREEN);
    expect(events).toEqual([{ kind: 'resync', why: 'no-state' }]);
  });

  test('in a session of another epoch they are left out until a state comes; what is held goes on being shown', () => {
    const lost = after(KNOWN, welcome(EPOCH + 1, 3));
    expect(eventsOf(KNOWN, welcome(EPOCH + 1, 3))).toEqual([{ kind: 'resync', why: 'other-epoch' }]);
    const pushed = after(lost, start(99, alert(9, 99)), stop(100, 1));
    expect(shown(pushed)).toEqual([1]);
    expect(shown(after(pushed, stateFrame(4, { epoch: EPOCH + 1, alerts: [alert(2, 4)] })))).toEqual([2]);
  });

  test('a start is left out when a state covers it, when a newer one is held, and when the deployment was stopped', () => {
    expect(shown(after(KNOWN, start(10, alert(2, 10))))).toEqual([1]);
    const newer = after(KNOWN, start(15, alert(2, 15, { title: 'new' })), start(14, alert(2, 14, { title: 'old' })));
    expect(newer.alerts[2]?.alert.title).toBe('new');
    expect(shown(after(KNOWN, stop(15, 2), start(14, alert(2, 14)), start(16, alert(2, 16))))).toEqual([1]);
  });

  test('a stop of something unknown leaves its tombstone all the same', () => {
    expect(after(KNOWN, stop(15, 77)).tombstones).toEqual({ 77: 15 });
  });

  test('per key the highest rev wins, whatever comes last', () => {
    const config: DownFrame[] = [
      { type: 'config.changed', rev: 13, config: { volume: 90 } },
      { type: 'config.changed', rev: 12, config: { volume: 10 } },
    ];
    const schedule: DownFrame[] = [
      { type: 'schedule.changed', rev: 14, version: 14 },
      { type: 'schedule.changed', rev: 11, version: 11 },
    ];
    expect(after(KNOWN, ...config, ...schedule)).toMatchObject({
      rev: 14,
      config: { volume: 90 },
      scheduleVersion: 14,
    });
  });

  test('each is confirmed with the highest rev seen, also when it was not news', () => {
    expect(eventsOf(KNOWN, start(10, alert(2, 10)))).toEqual([{ kind: 'applied', rev: 10 }]);
    expect(eventsOf(after(KNOWN, stop(30, 2)), start(20, alert(3, 20)))[0]).toEqual({ kind: 'applied', rev: 30 });
  });

  test('events tell what changed and nothing else', () => {
    expect(eventsOf(KNOWN, stop(11, 1))).toEqual([
      { kind: 'applied', rev: 11 },
      { kind: 'alert-dropped', deploymentId: 1 },
    ]);
    expect(eventsOf(KNOWN, { type: 'config.changed', rev: 11, config: { volume: 30 } })).toEqual([
      { kind: 'applied', rev: 11 },
    ]);
    expect(eventsOf(KNOWN, { type: 'command', rev: 11, command: command(3) })[1]).toEqual({
      kind: 'command',
      command: command(3),
    });
  });

  test('frames that are not about the screen, and types from the future, change nothing', () => {
    for (const frame of [
      { type: 'pong', serverTime: at(0) },
      { type: 'ack', ids: ['x'] },
      { type: 'from.the.future', rev: 99 },
    ]) {
      expect(applyDown(KNOWN, frame as DownFrame, NOW)).toEqual({ screen: KNOWN, events: [] });
    }
  });
});

describe('what the device claims to have', () => {
  test('is the last complete state, not the highest rev: frames between may be lost', () => {
    expect(helloFor(EMPTY_SCREEN)).toEqual({});
    const pushed = after(KNOWN, start(15, alert(2, 15)));
    expect(helloFor(pushed)).toEqual({ epoch: EPOCH, rev: 10 });
    expect(helloFor(pushed, CLOSE_CODES.DRAIN.code)).toEqual({ epoch: EPOCH, rev: 10 });
    expect(helloFor(pushed, CLOSE_CODES.SLOW.code)).toEqual({ epoch: EPOCH });
  });

  test('grows when the hub welcomes without a state, or answers a heartbeat so', () => {
    expect(helloFor(after(KNOWN, welcome(EPOCH, 25)))).toEqual({ epoch: EPOCH, rev: 25 });
    const answer = {
      epoch: EPOCH,
      rev: 26,
      serverTime: at(0),
      hasUpdate: false,
      scheduleVersion: 3,
      alert: true,
      alertContent: null,
    };
    const polled = applyHeartbeat(KNOWN, { ...answer, nextHeartbeatSeconds: 30 }, NOW);
    expect(helloFor(polled.screen)).toEqual({ epoch: EPOCH, rev: 26 });
  });

  test('a heartbeat with a state is the same document as a state frame', () => {
    const next = state(30, { alerts: [alert(5, 28)] });
    const answer = {
      epoch: EPOCH,
      rev: 30,
      serverTime: at(0),
      hasUpdate: true,
      scheduleVersion: null,
      alert: true,
      alertContent: alert(5, 28),
    };
    const polled = applyHeartbeat(KNOWN, { ...answer, state: next, nextHeartbeatSeconds: 30 }, NOW);
    expect(polled.screen).toEqual(after(KNOWN, stateFrame(30, { alerts: [alert(5, 28)] })));
    const lost = applyHeartbeat(KNOWN, { ...answer, epoch: EPOCH + 1, nextHeartbeatSeconds: 30 }, NOW);
    expect(lost).toEqual({ screen: KNOWN, events: [{ kind: 'resync', why: 'other-epoch' }] });
  });
});

describe('what is shown', () => {
  test('the most severe first, then the newest, then the higher deployment', () => {
    const alerts = [
      alert(1, 1, { severity: 'info', startedAt: at(-1) }),
      alert(2, 2, { severity: 'critical', startedAt: at(-500) }),
      alert(3, 3, { severity: 'warning', startedAt: at(-10) }),
      alert(4, 4, { severity: 'warning', startedAt: at(-5) }),
      alert(5, 5, { severity: 'warning', startedAt: at(-5) }),
    ];
    expect(shown(after(EMPTY_SCREEN, stateFrame(9, { alerts })))).toEqual([2, 5, 4, 3, 1]);
  });

  test('nothing at or past its expiry, and nothing while the time is not known [INV-3]', () => {
    const screen = after(EMPTY_SCREEN, stateFrame(9, { alerts: [alert(1, 1, { expiresAt: at(5_000) }), alert(2, 2)] }));
    expect(visibleAlerts(screen, NOW + 4_999)).toHaveLength(2);
    expect(visibleAlerts(screen, NOW + 5_000).map((one) => one.deploymentId)).toEqual([2]);
    expect(visibleAlerts(screen, null)).toEqual([]);
    expect(nextExpiryMs(screen, NOW)).toBe(NOW + 5_000);
    expect(nextExpiryMs(screen, NOW + 7_200_000)).toBeNull();
    expect(
      visibleAlerts(after(EMPTY_SCREEN, stateFrame(9, { alerts: [alert(1, 1, { expiresAt: 'never' })] })), NOW),
    ).toEqual([]);
  });
});

describe('commands', () => {
  test('are done once, oldest first, and not after their expiry', () => {
    const screen = after(
      EMPTY_SCREEN,
      stateFrame(9, { commands: [command(8), command(6), command(7, { expiresAt: at(0) })] }),
    );
    expect(commandsToDo(screen, NOW).map((one) => one.commandId)).toEqual([6, 8]);
    const taken = takeCommand(screen, command(6));
    expect(commandsToDo(after(taken, stateFrame(10, { commands: [command(6)] })), NOW)).toEqual([]);
    expect(eventsOf(taken, { type: 'command', rev: 12, command: command(6) })).toEqual([{ kind: 'applied', rev: 12 }]);
    expect(commandsToDo(screen, null)).toEqual([]);
  });
});

describe('bounds', () => {
  test('a thousand tombstones are kept, the newest; more only while no state covers them', () => {
    const stops = Array.from({ length: TOMBSTONES_MAX + 5 }, (_, index) => stop(100 + index, 1_000 + index));
    const full = after(KNOWN, ...stops);
    expect(Object.keys(full.tombstones)).toHaveLength(TOMBSTONES_MAX + 5);
    expect(eventsOf(full, stop(9_000, 1_000)).at(-1)).toEqual({ kind: 'resync', why: 'too-many-tombstones' });
    const covered = after(full, stateFrame(10_000));
    expect(Object.keys(covered.tombstones)).toHaveLength(TOMBSTONES_MAX);
    expect(covered.tombstones[1_000]).toBeUndefined();
    expect(shown(after(covered, start(99, alert(1_000, 99))))).toEqual([]);
  });

  test('what expired a day ago is cleared away once the time is known', () => {
    const screen = after(EMPTY_SCREEN, stateFrame(9, { alerts: [alert(1, 1)], commands: [command(2)] }));
    const muchLater = NOW + 3_600_000 + EXPIRED_KEPT_MS;
    expect(applyDown(screen, stop(10, 50), null).screen.alerts).toHaveProperty('1');
    const cleared = applyDown(screen, stop(10, 50), muchLater).screen;
    expect(cleared).toMatchObject({ alerts: {}, commands: {} });
  });
});
