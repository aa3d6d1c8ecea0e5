/** The hub's numbers for Prometheus. Names follow its conventions: base units, `_total` for counters. */
import { Counter, Gauge, Histogram, type Aggregator, type Registry } from 'prom-client';

const LATENCY_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

/** What is read when somebody asks; the same fields as the server's gauges. */
interface GaugeValues {
  readonly sessions: number;
  readonly pendingSessions: number;
  readonly heldHeartbeats: number;
  readonly devicesInMemory: number;
  readonly ingestQueue: number;
  readonly activeAlerts: number;
  readonly rev: number;
  readonly logAgeSeconds: number;
  readonly logLag: number;
  readonly busUp: boolean;
  readonly busHintsDropped: number;
  readonly databaseUp: boolean;
}

export function createHubMetrics(registry: Registry) {
  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers: [registry] });
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, buckets: LATENCY_BUCKETS_SECONDS, registers: [registry] });
  // Where several processes answer as one, what each counts is added up, and of what each sees the worst is told.
  const gauge = (name: string, help: string, aggregator: Aggregator = 'sum') =>
    new Gauge({ name, help, aggregator, registers: [registry] });
  const gauges = {
    sessions: gauge('podoh_hub_sessions', 'Live WebSocket sessions'),
    pendingSessions: gauge('podoh_hub_sessions_pending', 'Sockets not yet live'),
    heldHeartbeats: gauge('podoh_hub_heartbeats_held', 'Heartbeats held open until something changes'),
    devicesInMemory: gauge('podoh_hub_devices_in_memory', 'Device records held'),
    ingestQueue: gauge('podoh_hub_ingest_queue', 'Receipts, reports, command updates and plays waiting to be written'),
    activeAlerts: gauge('podoh_hub_alerts_active', 'Active alert deployments in memory', 'max'),
    rev: gauge('podoh_hub_log_rev', 'Last change applied', 'min'),
    logAgeSeconds: gauge('podoh_hub_log_age_seconds', 'Time since the change log was last read', 'max'),
    logLag: gauge('podoh_hub_log_lag', 'Committed changes not applied yet', 'max'),
    busUp: gauge('podoh_hub_bus_up', '1 while hints flow', 'min'),
    busHintsDropped: gauge('podoh_hub_bus_hints_dropped', 'Hints dropped because the bus was down'),
    databaseUp: gauge('podoh_hub_database_up', '1 while the database answers', 'min'),
  } satisfies Record<keyof GaugeValues, Gauge>;
  return {
    metrics: {
      opened: counter('podoh_hub_sessions_opened_total', 'Sockets opened'),
      closed: counter('podoh_hub_sessions_closed_total', 'Sockets closed'),
      replaced: counter('podoh_hub_sessions_replaced_total', 'Sessions ended by a newer one of the same device'),
      slowClosed: counter('podoh_hub_sessions_slow_total', 'Sessions closed because the device read too slowly'),
      resyncs: counter('podoh_hub_resyncs_total', 'Whole states sent again because a push was not confirmed in time'),
      ignoredFields: counter('podoh_hub_ignored_fields_total', 'Unknown fields in frames'),
      refused: counter('podoh_hub_refused_total', 'Sockets refused', ['why']),
      badFrames: counter('podoh_hub_bad_frames_total', 'Frames not understood', ['why']),
      framesIn: counter('podoh_hub_frames_in_total', 'Frames from devices', ['type']),
      fannedOut: counter('podoh_hub_fanned_out_total', 'Sessions reached by fan-out', ['kind']),
      receipts: counter('podoh_hub_receipts_total', 'Receipts committed', ['stage']),
      heartbeats: counter('podoh_hub_heartbeats_total', 'Heartbeats answered', ['answer']),
      acceptedToDisplayed: histogram(
        'podoh_alert_accepted_to_displayed_seconds',
        'Alert accepted to on glass, per device',
      ),
      acceptedToPublished: histogram(
        'podoh_alert_accepted_to_published_seconds',
        'Alert accepted to published on this node',
      ),
    },
    /** Writes what is read only when somebody asks. */
    setGauges: (values: GaugeValues): void => {
      for (const [name, metric] of Object.entries(gauges)) metric.set(Number(values[name as keyof GaugeValues]));
    },
  };
}
