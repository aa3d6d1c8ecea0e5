/**
 * The hub's time on a device, and with it offline expiry [INV-3]: never shown after `expiresAt` + 1 s, whatever the wall clock,
 * reboot or isolation. The model below plays true time, a wall clock that jumps, and reboots of a board whose clock battery may
 * be dead; the controls take the guards out.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyDown, EMPTY_SCREEN, visibleAlerts, type Screen } from './screen.ts';
import {
  observeServerTime,
  ONE_WAY_ERROR_MS,
  restoreClock,
  saveClock,
  serverNow,
  type OwnClocks,
  type ServerClock,
} from './server-clock.ts';

const T0 = Date.parse('2026-11-20T10:00:00.000Z');

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

describe('samples', () => {
  test('half the round trip is added, and is the error', () => {
    const clock = observeServerTime(null, { serverTime: iso(T0), sentMonotonicMs: 1_000, receivedMonotonicMs: 1_200 });
    expect(clock).toEqual({ serverMs: T0 + 100, monotonicMs: 1_200, errorMs: 100 });
    expect(serverNow(clock, 6_200)).toBe(T0 + 5_100);
    expect(serverNow(null, 6_200)).toBeNull();
  });

  test('a worse one is left out, until drift has made the kept one as bad', () => {
    const good = observeServerTime(null, { serverTime: iso(T0), sentMonotonicMs: 0, receivedMonotonicMs: 20 });
    const worse = { serverTime: iso(T0 + 10_000), receivedMonotonicMs: 10_020 };
    expect(observeServerTime(good, worse)).toBe(good);
    const hours = 6 * 3_600_000;
    const later = observeServerTime(good, { serverTime: iso(T0 + hours), receivedMonotonicMs: hours });
    expect(later).toEqual({ serverMs: T0 + hours, monotonicMs: hours, errorMs: ONE_WAY_ERROR_MS });
  });

  test('one that contradicts what is kept wins: the hub was set, or the device slept', () => {
    const good = observeServerTime(null, { serverTime: iso(T0), sentMonotonicMs: 0, receivedMonotonicMs: 20 });
    const slept = observeServerTime(good, { serverTime: iso(T0 + 3_600_000), receivedMonotonicMs: 2_000 });
    expect(serverNow(slept, 2_000)).toBe(T0 + 3_600_000);
  });

  test('one that cannot be read, or whose question was asked after the answer, does no harm', () => {
    const good = observeServerTime(null, { serverTime: iso(T0), receivedMonotonicMs: 0 });
    expect(observeServerTime(good, { serverTime: 'soon', receivedMonotonicMs: 5 })).toBe(good);
    const odd = observeServerTime(null, { serverTime: iso(T0), sentMonotonicMs: 50, receivedMonotonicMs: 20 });
    expect(odd).toEqual({ serverMs: T0, monotonicMs: 20, errorMs: ONE_WAY_ERROR_MS });
  });
});

describe('over a restart', () => {
  const clock: ServerClock = { serverMs: T0, monotonicMs: 5_000, errorMs: 10 };
  const saved = saveClock(clock, { monotonicMs: 6_000, wallMs: 100_000, boot: '7' });

  test('within one boot the monotonic clock serves and the wall clock is not looked at', () => {
    const restored = restoreClock(saved, { monotonicMs: 9_000, wallMs: -5, boot: '7' });
    expect(serverNow(restored, 9_000)).toBe(T0 + 4_000);
  });

  test('after another boot the wall clock bridges the gap forward', () => {
    const restored = restoreClock(saved, { monotonicMs: 10, wallMs: 160_000, boot: '8' });
    expect(serverNow(restored, 10)).toBe(T0 + 61_000);
    expect(serverNow(restoreClock(saved, { monotonicMs: 10, wallMs: 99_500 }), 10)).toBe(T0 + 1_000);
  });

  test('a wall clock that went backwards leaves the time unknown', () => {
    expect(restoreClock(saved, { monotonicMs: 10, wallMs: 98_000, boot: '8' })).toBeNull();
  });

  test.each([null, '', '{', 'null', '[]', '{"version":2}', '{"version":1,"serverMs":"x","wallMs":1,"monotonicMs":1}'])(
    'storage holding %j leaves the time unknown',
    (text) => {
      expect(restoreClock(text, { monotonicMs: 10, wallMs: 200_000 })).toBeNull();
    },
  );
});

type Step =
  | { kind: 'wait'; ms: number }
  | { kind: 'jump'; ms: number }
  | { kind: 'reboot'; offMs: number; deadBattery: boolean };

/** How a device tells the time; the controls tell it worse. */
interface Timekeeping {
  now(clock: ServerClock | null, own: OwnClocks): number | null;
  restore(text: string, own: OwnClocks): ServerClock | null;
}
const reference: Timekeeping = { now: (clock, own) => serverNow(clock, own.monotonicMs), restore: restoreClock };
const byWallClock: Timekeeping = { ...reference, now: (_clock, own) => own.wallMs };
const believingAnyWallClock: Timekeeping = {
  ...reference,
  restore: (text, own) =>
    restoreClock(text, { ...own, wallMs: Math.max(own.wallMs, (JSON.parse(text) as OwnClocks).wallMs) }),
};

/** One isolated device with an alert that runs for ten minutes. As README.md asks, it saves its clock each minute and when its wall clock was set. */
function play(steps: readonly Step[], time: Timekeeping): { true: number; shown: boolean }[] {
  const expiresAt = T0 + 600_000;
  const alert = {
    deploymentId: 1,
    alertId: null,
    rev: 1,
    severity: 'critical' as const,
    title: 'T',
    message: '',
    drill: false,
  };
  const state = { epoch: 1, rev: 1, alerts: [{ ...alert, startedAt: iso(T0), expiresAt: iso(expiresAt) }] };
  const whole = { ...state, schedule: null, config: {}, commands: [] };
  const screen: Screen = applyDown(EMPTY_SCREEN, { type: 'state', epoch: 1, rev: 1, state: whole }, T0).screen;
  let trueMs = T0;
  let own = { monotonicMs: 0, wallMs: T0 };
  let clock = observeServerTime(null, { serverTime: iso(T0), sentMonotonicMs: -200, receivedMonotonicMs: 0 });
  let saved = saveClock(clock!, own);
  const seen: { true: number; shown: boolean }[] = [];
  const pass = (ms: number) => {
    trueMs += ms;
    own = { monotonicMs: own.monotonicMs + ms, wallMs: own.wallMs + ms };
  };
  const look = () => {
    seen.push({ true: trueMs, shown: visibleAlerts(screen, time.now(clock, own)).length > 0 });
    if (clock !== null) saved = saveClock(clock, own);
  };
  for (const step of steps) {
    if (step.kind === 'jump') own = { ...own, wallMs: own.wallMs + step.ms };
    else if (step.kind === 'reboot') {
      pass(step.offMs);
      own = { monotonicMs: 0, wallMs: step.deadBattery ? 0 : own.wallMs };
      clock = time.restore(saved, own);
    } else {
      for (let waited = 0; waited < step.ms; waited += 60_000) {
        pass(Math.min(60_000, step.ms - waited));
        look();
      }
    }
    look();
  }
  return seen;
}

const HOUR = 3_600_000;
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 900_000 }) }),
  fc.record({
    kind: fc.constant('jump' as const),
    ms: fc.integer({ min: -24 * HOUR * 3_650, max: 24 * HOUR * 3_650 }),
  }),
  fc.record({
    kind: fc.constant('reboot' as const),
    offMs: fc.integer({ min: 0, max: 10 * HOUR }),
    deadBattery: fc.boolean(),
  }),
);

describe('[INV-3] an isolated device never shows an alert past its expiry', () => {
  const law = (time: Timekeeping) =>
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      const late = play(steps, time).filter((moment) => moment.shown && moment.true >= T0 + 601_000);
      expect(late).toEqual([]);
    });

  test('holds', () => {
    fc.assert(law(reference), { numRuns: 1_000 });
  });

  test.each([
    ['the wall clock is believed', byWallClock],
    ['a wall clock that went backwards is believed over a reboot', believingAnyWallClock],
  ])('control: fails when %s', (_name, time) => {
    expect(fc.check(law(time), { numRuns: 3_000, endOnFailure: true }).failed).toBe(true);
  });

  test('while the process lives, no jump of the wall clock changes what is shown', () => {
    fc.assert(
      fc.property(
        fc.array(
          step.filter((one) => one.kind !== 'reboot'),
          { minLength: 1, maxLength: 8 },
        ),
        (steps) => {
          for (const moment of play(steps, reference)) expect(moment.shown).toBe(moment.true + 100 < T0 + 600_000);
        },
      ),
    );
  });
});
