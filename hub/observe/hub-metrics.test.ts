/** The numbers as Prometheus reads them: from one process, and from several that answer as one. */
import { AggregatorRegistry, Registry } from 'prom-client';
import { beforeEach, describe, expect, test } from 'vitest';
import { createHubMetrics } from './hub-metrics.ts';

const GAUGES = {
  sessions: 3,
  pendingSessions: 1,
  heldHeartbeats: 2,
  devicesInMemory: 10,
  ingestQueue: 4,
  activeAlerts: 5,
  rev: 77,
  logAgeSeconds: 0.25,
  logLag: 6,
  busUp: true,
  busHintsDropped: 8,
  databaseUp: true,
};

/** The samples of an exposition, `name{labels}` to value; histograms by their count and sum alone. */
function samplesOf(exposition: string): Record<string, number> {
  const lines = exposition
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket{'));
  return Object.fromEntries(lines.map((line) => [line.replace(/ [^ ]+$/, ''), Number(line.split(' ').at(-1))]));
}

let registry: Registry;
let hub: ReturnType<typeof createHubMetrics>;
beforeEach(() => {
  registry = new Registry();
  hub = createHubMetrics(registry);
});

const WITHOUT_LABELS = {
  podoh_hub_sessions_opened_total: 0,
  podoh_hub_sessions_closed_total: 0,
  podoh_hub_sessions_replaced_total: 0,
  podoh_hub_sessions_slow_total: 0,
  podoh_hub_resyncs_total: 0,
  podoh_hub_ignored_fields_total: 0,
  podoh_alert_accepted_to_displayed_seconds_count: 0,
  podoh_alert_accepted_to_displayed_seconds_sum: 0,
  podoh_alert_accepted_to_published_seconds_count: 0,
  podoh_alert_accepted_to_published_seconds_sum: 0,
};

describe('one process', () => {
  test('every number without labels is there before anything happened, so that its first step is seen', async () => {
    expect(samplesOf(await registry.metrics())).toMatchObject(WITHOUT_LABELS);
  });

  test('every counter counts under its name, and every label under its own', async () => {
    const { metrics } = hub;
    metrics.opened.inc(5);
    metrics.closed.inc(2);
    metrics.replaced.inc();
    metrics.slowClosed.inc();
    metrics.resyncs.inc(3);
    metrics.ignoredFields.inc(4);
    metrics.refused.inc({ why: 'invalid' });
    metrics.badFrames.inc({ why: 'too-deep' }, 2);
    metrics.framesIn.inc({ type: 'hello' });
    metrics.framesIn.inc({ type: 'status' }, 9);
    metrics.fannedOut.inc({ kind: 'alert.started' }, 10_000);
    metrics.receipts.inc({ stage: 'displayed' });
    metrics.heartbeats.inc({ answer: 'state' });
    metrics.acceptedToDisplayed.observe(0.2);
    metrics.acceptedToPublished.observe(0.01);
    metrics.acceptedToPublished.observe(0.02);
    const samples = samplesOf(await registry.metrics());
    const counted = Object.fromEntries(Object.entries(samples).filter(([name]) => /_total|_seconds_/.test(name)));
    expect(counted).toEqual({
      podoh_hub_sessions_opened_total: 5,
      podoh_hub_sessions_closed_total: 2,
      podoh_hub_sessions_replaced_total: 1,
      podoh_hub_sessions_slow_total: 1,
      podoh_hub_resyncs_total: 3,
      podoh_hub_ignored_fields_total: 4,
      'podoh_hub_refused_total{why="invalid"}': 1,
      'podoh_hub_bad_frames_total{why="too-deep"}': 2,
      'podoh_hub_frames_in_total{type="hello"}': 1,
      'podoh_hub_frames_in_total{type="status"}': 9,
      'podoh_hub_fanned_out_total{kind="alert.started"}': 10_000,
      'podoh_hub_receipts_total{stage="displayed"}': 1,
      'podoh_hub_heartbeats_total{answer="state"}': 1,
      podoh_alert_accepted_to_displayed_seconds_count: 1,
      podoh_alert_accepted_to_displayed_seconds_sum: 0.2,
      podoh_alert_accepted_to_published_seconds_count: 2,
      podoh_alert_accepted_to_published_seconds_sum: 0.03,
    });
  });

  test('every gauge is written when somebody asks; up and down are 1 and 0', async () => {
    const expected = {
      podoh_hub_sessions: 3,
      podoh_hub_sessions_pending: 1,
      podoh_hub_heartbeats_held: 2,
      podoh_hub_devices_in_memory: 10,
      podoh_hub_ingest_queue: 4,
      podoh_hub_alerts_active: 5,
      podoh_hub_log_rev: 77,
      podoh_hub_log_age_seconds: 0.25,
      podoh_hub_log_lag: 6,
      podoh_hub_bus_up: 1,
      podoh_hub_bus_hints_dropped: 8,
      podoh_hub_database_up: 1,
    };
    hub.setGauges(GAUGES);
    expect(samplesOf(await registry.metrics())).toEqual({ ...WITHOUT_LABELS, ...expected });
    hub.setGauges({ ...GAUGES, sessions: 0, busUp: false, databaseUp: false });
    expect(samplesOf(await registry.metrics())).toEqual({
      ...WITHOUT_LABELS,
      ...expected,
      podoh_hub_sessions: 0,
      podoh_hub_bus_up: 0,
      podoh_hub_database_up: 0,
    });
  });

  test('the whole ladder of a slow alert is told apart: from 5 ms to half an hour', async () => {
    hub.metrics.acceptedToDisplayed.observe(0.004);
    hub.metrics.acceptedToDisplayed.observe(1_700);
    const text = await registry.metrics();
    expect(text).toContain('podoh_alert_accepted_to_displayed_seconds_bucket{le="0.005"} 1');
    expect(text).toContain('podoh_alert_accepted_to_displayed_seconds_bucket{le="300"} 1');
    expect(text).toContain('podoh_alert_accepted_to_displayed_seconds_bucket{le="1800"} 2');
  });

  test('names, types and help are as Prometheus wants them', async () => {
    const described = await registry.getMetricsAsJSON();
    expect(described.length).toBeGreaterThan(20);
    const kinds = new Map(described.map(({ name, type }) => [name, String(type)]));
    for (const { name, help } of described) {
      expect(name).toMatch(/^podoh_(?:hub|alert)_[a-z_]+$/);
      expect(help).not.toBe('');
      expect([name, kinds.get(name) === 'counter']).toEqual([name, name.endsWith('_total')]);
      expect([name, kinds.get(name) === 'histogram']).toEqual([name, /^podoh_alert_.*_seconds$/.test(name)]);
    }
  });

  test('two hubs in one program do not count for each other, and one registry takes one hub', async () => {
    const other = new Registry();
    createHubMetrics(other).metrics.opened.inc(9);
    expect(samplesOf(await registry.metrics())).toMatchObject({ podoh_hub_sessions_opened_total: 0 });
    expect(() => createHubMetrics(registry)).toThrow('already been registered');
  });
});

test('of several processes that answer as one, counts are added up and the worst is told of what each sees', async () => {
  const other = new Registry();
  const second = createHubMetrics(other);
  hub.setGauges(GAUGES);
  second.setGauges({ ...GAUGES, sessions: 30, rev: 70, logAgeSeconds: 3, logLag: 0, activeAlerts: 4, busUp: false });
  hub.metrics.framesIn.inc({ type: 'hello' }, 2);
  second.metrics.framesIn.inc({ type: 'hello' }, 3);
  second.metrics.framesIn.inc({ type: 'status' });
  hub.metrics.acceptedToPublished.observe(0.5);
  second.metrics.acceptedToPublished.observe(1.5);
  const parts = await Promise.all([registry, other].map((each) => each.getMetricsAsJSON()));
  const samples = samplesOf(await AggregatorRegistry.aggregate(parts).metrics());
  expect(samples).toMatchObject({
    podoh_hub_sessions: 33,
    podoh_hub_sessions_pending: 2,
    podoh_hub_heartbeats_held: 4,
    podoh_hub_devices_in_memory: 20,
    podoh_hub_ingest_queue: 8,
    podoh_hub_alerts_active: 5,
    podoh_hub_log_rev: 70,
    podoh_hub_log_age_seconds: 3,
    podoh_hub_log_lag: 6,
    podoh_hub_bus_up: 0,
    podoh_hub_bus_hints_dropped: 16,
    podoh_hub_database_up: 1,
    'podoh_hub_frames_in_total{type="hello"}': 5,
    'podoh_hub_frames_in_total{type="status"}': 1,
    podoh_alert_accepted_to_published_seconds_count: 2,
    podoh_alert_accepted_to_published_seconds_sum: 2,
  });
});
