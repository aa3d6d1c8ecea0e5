/**
 * The control of redis.test.ts: what carries an alert past a dead Redis is that every hub reads the log of its own accord. A hub
 * that waits to be told stays silent; everything else about it is the same.
 */
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { composeParts, createLogger, type Parts } from '../../hub/compose.ts';
import { createHubMetrics } from '../../hub/observe/hub-metrics.ts';
import { createHub, type HubServer } from '../../hub/server/hub-server.ts';
import { createHubStore } from '../../hub/store/sql-hub-store.ts';
import { TEST_MEDIA } from '../support/test-media.ts';
import { freePort } from '../support/free-port.ts';
import { describeWithServers } from '../support/server-suites.ts';
import { systemStarter, type System } from '../support/system.ts';
import { importDevices, TestDevice } from '../support/test-device.ts';
import { ALERT_WITHIN_MS, raise } from './screens.ts';

/** As good as never, and still within what a timer can hold (2^31 - 1), in milliseconds. */
const NEVER_MS = 2_000_000_000;

/** A hub like any other, with another pace of reading the log. */
function hubPolling(parts: Parts, pollMs: { min: number; max: number }): HubServer {
  const { config, db, bus, clock, ids, tokens, objects, log } = parts;
  const registry = new Registry();
  return createHub({
    store: createHubStore(db, TEST_MEDIA),
    bus,
    clock,
    ids,
    tokens,
    objects,
    log,
    metrics: createHubMetrics(registry).metrics,
    exposeMetrics: () => registry.metrics(),
    settings: {
      host: config.hubHost,
      port: 0,
      sharePort: false,
      allowedOrigins: config.allowedOrigins,
      trustProxy: false,
      pendingSessionsMax: config.pendingSessionsMax,
      sessionsMax: config.sessionsMax,
      addressPerMinute: config.addressPerMinute,
      pollMinMs: pollMs.min,
      pollMaxMs: pollMs.max,
      drainMs: 0,
      statusSeconds: config.statusSeconds,
      heartbeatSeconds: config.heartbeatSeconds,
      publicApiUrl: () => config.publicApiUrl,
    },
  });
}

describeWithServers('with Redis away', () => {
  const start = systemStarter('production');
  let system: System;
  const undo: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    system = await start({ env: { REDIS_URL: `redis://127.0.0.1:${await freePort()}` } });
  });
  afterAll(async () => {
    for (const step of undo.reverse()) await step();
  });

  async function deviceOnHub(pollMs: { min: number; max: number }): Promise<TestDevice> {
    const { config } = system.parts;
    const parts = await composeParts(config, createLogger(config, 'test hub'));
    const hub = hubPolling(parts, pollMs);
    undo.push(
      () => parts.close(),
      () => hub.stop(),
    );
    const device = new TestDevice(
      `http://127.0.0.1:${await hub.start()}`,
      (await importDevices(system.admin, 1, groupId))[0]!,
    );
    await device.connect();
    await device.until('welcome', () => device.of('welcome').length === 1);
    return device;
  }

  let groupId: number;
  beforeAll(async () => {
    groupId = (await system.admin.must('POST', '/groups', { name: 'Site' })).id;
  });

  it('a hub that reads the log twice a second brings the alert in time [INV-6]', async () => {
    const device = await deviceOnHub({ min: 500, max: 1_000 });
    const { elapsedMs } = await raise(system.admin, groupId, [device]);
    expect(elapsedMs).toBeLessThan(ALERT_WITHIN_MS);
  });

  it('and one that only waits for hints does not: the control [INV-6]', async () => {
    const device = await deviceOnHub({ min: NEVER_MS, max: NEVER_MS });
    await expect(raise(system.admin, groupId, [device])).rejects.toThrow('did not come within');
  });
});
