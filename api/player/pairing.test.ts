import { describe, expect, it } from 'vitest';
import type { RegisterResponse } from '../../protocol/sync.ts';
import type { Answer } from './hub-http.ts';
import {
  CODE_LIFE_MS,
  registerRequest,
  restorePaired,
  restorePending,
  stepPairing,
  type PairingState,
} from './pairing.ts';

const NONE: PairingState = { pending: null, failures: 0 };
const ABOUT = { playerId: 'lobby-1' };

function pending(pairingCode: string): Answer<RegisterResponse> {
  return {
    ok: true,
    data: {
      status: 'pending',
      pairingCode,
      pollSecret: `secret of ${pairingCode}`,
      expiresAt: '2026-11-20T09:40:00.000Z',
      pollAfterSeconds: 3,
    },
  };
}

function failure(status: number, retryAfterMs: number | null = null): Answer<RegisterResponse> {
  return { ok: false, status, code: 'X', retryAfterMs };
}

function waitingFor(state: PairingState, answer: Answer<RegisterResponse>, nowMs = 0): PairingState {
  const step = stepPairing(state, answer, nowMs, 0.5);
  if (step.kind !== 'wait') throw new Error('expected to wait');
  return step.state;
}

describe('pairing', () => {
  it('registers, then polls with the secret as often as the hub says', () => {
    expect(registerRequest(NONE, ABOUT, 0)).toEqual(ABOUT);
    const step = stepPairing(NONE, pending('AAAA-AAAA'), 0, 0.5);
    expect(step).toMatchObject({ kind: 'wait', delayMs: 3000 });
    expect(registerRequest(waitingFor(NONE, pending('AAAA-AAAA')), ABOUT, 1000)).toEqual({
      ...ABOUT,
      pollSecret: 'secret of AAAA-AAAA',
    });
  });

  it('gives the credential when an operator has entered the code', () => {
    const step = stepPairing(NONE, { ok: true, data: { status: 'paired', deviceId: 42, credential: 'c' } }, 0, 0.5);
    expect(step).toEqual({ kind: 'paired', paired: { deviceId: 42, credential: 'c' } });
  });

  it('shows the new code when the hub gives one', () => {
    const state = waitingFor(waitingFor(NONE, pending('AAAA-AAAA'), 0), pending('BBBB-BBBB'), 5000);
    expect(state.pending).toMatchObject({ pairingCode: 'BBBB-BBBB', sinceMs: 5000 });
  });

  it('keeps counting a code’s life from when it first saw it, and asks for another after it', () => {
    const state = waitingFor(waitingFor(NONE, pending('AAAA-AAAA'), 1000), pending('AAAA-AAAA'), 60_000);
    expect(state.pending?.sinceMs).toBe(1000);
    expect(registerRequest(state, ABOUT, 1000 + CODE_LIFE_MS - 1)).toHaveProperty('pollSecret');
    expect(registerRequest(state, ABOUT, 1000 + CODE_LIFE_MS)).toEqual(ABOUT);
  });

  it.each([400, 403, 404])('asks for a new code when the hub answers %d', (status) => {
    expect(waitingFor(waitingFor(NONE, pending('AAAA-AAAA')), failure(status)).pending).toBeNull();
  });

  it.each([0, 429, 500, 503])('keeps the code on the screen when the answer is %d', (status) => {
    expect(waitingFor(waitingFor(NONE, pending('AAAA-AAAA')), failure(status)).pending?.pairingCode).toBe('AAAA-AAAA');
  });

  it('backs off with jitter, never gives up, and obeys Retry-After', () => {
    let state = NONE;
    for (let index = 0; index < 50; index += 1) state = waitingFor(state, failure(0));
    for (const random of [0, 0.5, 0.999]) {
      const step = stepPairing(state, failure(0), 0, random);
      expect(step.kind === 'wait' && step.delayMs >= 500 && step.delayMs <= 30_500).toBe(true);
    }
    expect(stepPairing(state, failure(429, 60_000), 0, 0)).toMatchObject({ delayMs: 60_000 });
  });

  it('believes storage only what it should be', () => {
    const kept = { pairingCode: 'AAAA-AAAA', pollSecret: 's', sinceMs: 5 };
    expect(restorePending(JSON.stringify(kept))).toEqual(kept);
    expect([null, '{}', '{"pairingCode":1}', 'x'].map(restorePending)).toEqual([null, null, null, null]);
    expect(restorePaired('{"deviceId":42,"credential":"c"}')).toEqual({ deviceId: 42, credential: 'c' });
    expect(
      [null, '{"deviceId":42}', '{"deviceId":"42","credential":"c"}', '{"deviceId":42,"credential":""}'].map(
        restorePaired,
      ),
    ).toEqual([null, null, null, null]);
  });
});
