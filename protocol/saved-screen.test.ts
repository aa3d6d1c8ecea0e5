/** What a player reads back from its own storage is checked like anything else from outside. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DownFrame } from './down.ts';
import { restoreScreen, saveScreen } from './saved-screen.ts';
import { applyDown, EMPTY_SCREEN, helloFor, takeCommand, type Screen } from './screen.ts';

const command = {
  commandId: 9,
  name: 'set_volume' as const,
  args: { volume: 5 },
  issuedAt: '2026-11-20T10:00:00.000Z',
  expiresAt: '2026-11-20T11:00:00.000Z',
};
const alert = {
  deploymentId: 5,
  alertId: 2,
  rev: 40,
  severity: 'critical' as const,
  title: 'Fire',
  message: 'Leave',
  content: { id: 3, type: 'image' as const, url: 'https://cdn.example/x.png', sha256: null },
  startedAt: '2026-11-20T10:00:00.000Z',
  expiresAt: '2026-11-20T11:00:00.000Z',
  drill: false,
};
const frames: DownFrame[] = [
  {
    type: 'state',
    epoch: 1_763_629_800_000,
    rev: 41,
    state: {
      epoch: 1_763_629_800_000,
      rev: 41,
      alerts: [alert],
      schedule: { version: 7 },
      config: { volume: 3, orientation: 'portrait' },
      commands: [command],
    },
  },
  { type: 'alert.stop', rev: 44, deploymentId: 4 },
];
const full = takeCommand(
  frames.reduce<Screen>((screen, frame) => applyDown(screen, frame, null).screen, EMPTY_SCREEN),
  command,
);

describe('a saved screen', () => {
  test('comes back as it was, without its session', () => {
    const restored = restoreScreen(saveScreen(full));
    expect(restored).toEqual({ ...full, sessionEpoch: null });
    expect(helloFor(restored)).toEqual({ epoch: 1_763_629_800_000, rev: 41 });
  });

  test('that never had a state is the empty one', () => {
    expect(restoreScreen(saveScreen(EMPTY_SCREEN))).toEqual(EMPTY_SCREEN);
    expect(restoreScreen(null)).toEqual(EMPTY_SCREEN);
  });

  test.each([
    ['nothing', ''],
    ['no JSON', '{"version":1'],
    ['not an object', '[]'],
    ['another version', saveScreen(full).replace('"version":1', '"version":2')],
    ['a fractional rev', saveScreen(full).replace('"stateRev":41', '"stateRev":40.5')],
    ['a state newer than what was seen', saveScreen(full).replace('"stateRev":41', '"stateRev":99')],
    ['a severity that does not exist', saveScreen(full).replace('critical', 'loud')],
    ['an expiry that is no instant', saveScreen(full).replace('2026-11-20T11:00:00.000Z', 'later')],
    ['an alert under another id', saveScreen(full).replace('"deploymentId":5', '"deploymentId":6')],
    ['a tombstone without a rev', saveScreen(full).replace('"4":44', '"4":null')],
    ['a key that is no id', saveScreen(full).replace('"4":44', '"__proto__":44')],
    ['arguments that are no object', saveScreen(full).replace('{"volume":5}', '5')],
    ['a nested config', saveScreen(full).replace('"volume":3', '"volume":{}')],
    ['a missing field', saveScreen(full).replace('"taken"', '"token"')],
  ])('with %s gives the empty screen, which asks for everything', (_name, text) => {
    expect(text).not.toBe(saveScreen(full));
    expect(helloFor(restoreScreen(text))).toEqual({});
  });

  test('never throws, whatever the storage holds', () => {
    const damaged = fc.tuple(fc.nat(), fc.string({ maxLength: 3 })).map(([at, junk]) => {
      const text = saveScreen(full);
      const place = at % text.length;
      return text.slice(0, place) + junk + text.slice(place + 1);
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string(), fc.json()), (text) => {
        const screen = restoreScreen(text);
        expect(screen === EMPTY_SCREEN || screen.stateRev <= screen.rev).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
