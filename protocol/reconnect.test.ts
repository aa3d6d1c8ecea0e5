/** What a device does after each way in which a socket can end. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CLOSE_CODES } from './close-codes.ts';
import {
  FRESH_RECONNECT,
  GIVEN_WAIT_MAX_MS,
  HTTP_AFTER_FAILURES,
  planReconnect,
  RECONNECT_ALERT_MAX_MS,
  RECONNECT_MAX_MS,
  RECONNECT_MIN_MS,
  REPLACED_WAIT_MS,
  STEADY_AFTER_MS,
  type ReconnectInput,
  type ReconnectPlan,
  type SocketEnd,
} from './reconnect.ts';

const CALM: ReconnectInput = { random: 0.999_999, alertActive: false };
const UNOPENED: SocketEnd = { code: 1006, welcomed: false, livedMs: 0 };

function welcomed(code: number, livedMs = STEADY_AFTER_MS): SocketEnd {
  return { code, welcomed: true, livedMs };
}

function failing(times: number, input: ReconnectInput = CALM): ReconnectPlan[] {
  const plans: ReconnectPlan[] = [];
  let state = FRESH_RECONNECT;
  for (let index = 0; index < times; index++) {
    plans.push(planReconnect(state, UNOPENED, input));
    state = plans.at(-1)!.state;
  }
  return plans;
}

describe('backoff', () => {
  test('the ceiling doubles up to a minute and stays there: a device never gives up', () => {
    const ceilings = failing(12).map((plan) => plan.delayMs! + 1);
    expect(ceilings).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60].map((seconds) => seconds * RECONNECT_MIN_MS));
    expect(failing(5_000).at(-1)?.delayMs).toBe(RECONNECT_MAX_MS - 1);
  });

  test('is ten seconds at most while an alert is on the screen', () => {
    expect(failing(12, { ...CALM, alertActive: true }).at(-1)?.delayMs).toBe(RECONNECT_ALERT_MAX_MS - 1);
  });

  test('is full jitter: anything below the ceiling, nothing at or above it', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const hub = fc.record({ minMs: fc.nat(100_000), maxMs: fc.nat(1_000_000) });
    fc.assert(
      fc.property(
        random,
        fc.nat(50),
        fc.boolean(),
        fc.option(hub, { nil: undefined }),
        (draw, failures, alertActive, bounds) => {
          const input = { random: draw, alertActive, ...(bounds === undefined ? {} : { hub: bounds }) };
          const { delayMs } = planReconnect({ failures }, UNOPENED, input);
          expect(delayMs).toBeGreaterThanOrEqual(0);
          expect(delayMs).toBeLessThan(alertActive ? RECONNECT_ALERT_MAX_MS : RECONNECT_MAX_MS);
        },
      ),
    );
    expect(planReconnect({ failures: 3 }, UNOPENED, { ...CALM, random: 0 }).delayMs).toBe(0);
  });

  test('the hub may set the bounds, and zero does not make a storm', () => {
    const slow = { ...CALM, hub: { minMs: 5_000, maxMs: 20_000 } };
    expect(failing(4, slow).map((plan) => plan.delayMs! + 1)).toEqual([5_000, 10_000, 20_000, 20_000]);
    const zero = { ...CALM, hub: { minMs: 0, maxMs: 60_000 } };
    expect(failing(9, zero).map((plan) => plan.delayMs! + 1)).toEqual([
      250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000,
    ]);
  });

  test('a session that lived a minute starts it from nothing, a short one does not', () => {
    const worn = { failures: 5 };
    expect(planReconnect(worn, welcomed(1006), CALM).state).toEqual({ failures: 1 });
    expect(planReconnect(worn, welcomed(CLOSE_CODES.SLOW.code, 500), CALM).state).toEqual({ failures: 6 });
  });
});

describe('by close code', () => {
  test('drain and resync: at once, with a small jitter', () => {
    for (const { code } of [CLOSE_CODES.DRAIN, CLOSE_CODES.RESYNC]) {
      const plan = planReconnect({ failures: 4 }, welcomed(code, 10), CALM);
      expect(plan).toEqual({
        state: { failures: 0 },
        action: 'reconnect-now',
        delayMs: RECONNECT_MIN_MS - 1,
        freshToken: false,
        useHttp: false,
      });
    }
  });

  test('token expired, invalid or rotated: a new token first, and backoff when that does not help', () => {
    for (const { code } of [CLOSE_CODES.TOKEN_EXPIRED, CLOSE_CODES.TOKEN_INVALID, CLOSE_CODES.CREDENTIAL_ROTATED]) {
      const plan = planReconnect({ failures: 4 }, { code, welcomed: false, livedMs: 5 }, CALM);
      expect(plan).toMatchObject({ freshToken: true, state: { failures: 5 }, delayMs: 15_999 });
    }
  });

  test('replaced: the loser waits, so that two players with one name do not kick each other for ever', () => {
    const [soonest, latest] = [0, 0.999_999].map((random) =>
      planReconnect(FRESH_RECONNECT, welcomed(4202, 10), { random, alertActive: true }),
    );
    expect(soonest).toMatchObject({ delayMs: REPLACED_WAIT_MS, freshToken: false });
    expect(latest?.delayMs).toBe(2 * REPLACED_WAIT_MS);
  });

  test('a wait given in the reason is kept, within bounds, and only where the range says so', () => {
    const ended = (code: number, reason: string) =>
      planReconnect(FRESH_RECONNECT, { ...welcomed(code), reason }, { ...CALM, random: 0 });
    expect(ended(4202, 'replaced 45000').delayMs).toBe(45_000);
    expect(ended(4202, 'replaced').delayMs).toBe(REPLACED_WAIT_MS);
    expect(ended(4200, 'token expired 2000').delayMs).toBe(2_000);
    expect(ended(4202, 'replaced 999999999').delayMs).toBe(GIVEN_WAIT_MAX_MS);
    expect(ended(4106, 'overloaded 45000').delayMs).toBe(0);
  });

  test('unknown, revoked or too old: no socket and no HTTP until paired again', () => {
    for (const { code } of [CLOSE_CODES.UNKNOWN_DEVICE, CLOSE_CODES.REVOKED, CLOSE_CODES.PROTOCOL_TOO_OLD]) {
      const plan = planReconnect({ failures: 9 }, welcomed(code), CALM);
      expect(plan).toMatchObject({ action: 'stop-until-paired', delayMs: null, useHttp: false, freshToken: false });
    }
  });

  test('any other code means backoff', () => {
    for (const code of [1000, 1001, 1005, 1006, 1009, 1011, 3000, 4400, 4999]) {
      expect(planReconnect(FRESH_RECONNECT, welcomed(code), CALM).action).toBe('reconnect-backoff');
    }
  });
});

test('HTTP after three failed sockets, and the socket is still tried', () => {
  const plans = failing(6);
  expect(plans.map((plan) => plan.useHttp)).toEqual([false, false, true, true, true, true]);
  expect(plans[HTTP_AFTER_FAILURES]?.delayMs).not.toBeNull();
  const back = planReconnect(plans.at(-1)!.state, welcomed(CLOSE_CODES.DRAIN.code), CALM);
  expect(back.useHttp).toBe(false);
});

test('a socket that does not open twice is tried with a new token: browsers do not see the 401', () => {
  expect(failing(3).map((plan) => plan.freshToken)).toEqual([false, true, true]);
});
