import { describe, expect, it } from 'vitest';
import { upValidators } from '../../protocol/validators.ts';
import { describeBrowser } from './browser-words.ts';
import { memoryKeyValue } from './key-value.ts';
import { PlayerMemory } from './player-memory.ts';
import { StatusReporter } from './status-reporter.ts';

const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Linux; Android 11; A very long name of a signage board with all its options; wv) AppleWebKit/537.36 Version/4.0 Chrome/94.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'curl/8.0',
  '',
];

function isStatus(frame: unknown): boolean {
  return upValidators.get('status')?.check(frame) ?? false;
}

describe('StatusReporter', () => {
  let now = 1_000;

  function reporter(userAgent: string) {
    const clocks = () => ({ monotonicMs: now, wallMs: 5_000_000 });
    const memory = new PlayerMemory(memoryKeyValue(), 'p', clocks);
    memory.observeTime({ serverTime: '2026-11-20T09:30:00.000Z', receivedMonotonicMs: now });
    const about = { appVersion: 'podoh-web/0.1.0', osVersion: describeBrowser(userAgent) };
    return {
      memory,
      status: new StatusReporter({
        memory,
        clocks,
        about,
        config: () => memory.screen.config,
        signage: () => ({ playing: 33, scheduleVersion: 5, scheduleState: 'failed', scheduleReason: 'no space left' }),
        size: () => ({ width: 1920, height: 1080 }),
      }),
    };
  }

  it.each(AGENTS)('says only what the contract takes, in a browser that calls itself %s', (agent) => {
    const { memory, status } = reporter(agent);
    const config = { volume: 40, brightness: 100 };
    memory.apply({
      type: 'state',
      epoch: 7,
      rev: 10,
      state: { epoch: 7, rev: 10, alerts: [], schedule: null, config, commands: [] },
    });
    const said = { type: 'status', ...status.take() };
    expect(said).toMatchObject({ screenWidth: 1920, volume: 40, brightness: 100, displayed: [] });
    expect(isStatus(said)).toBe(true);
    expect(isStatus({ ...said, osVersion: 'x'.repeat(65) })).toBe(false);
  });

  it('speaks once per interval, and at once in a new session', () => {
    const { status } = reporter('');
    expect(status.take()).not.toBeNull();
    now += 59_999;
    expect(status.take()).toBeNull();
    now += 1;
    expect(status.take()).toMatchObject({ uptimeSeconds: 60 });
    status.beginSession(10);
    expect(status.take()).not.toBeNull();
    now += 10_000;
    expect(status.take()).not.toBeNull();
  });
});
