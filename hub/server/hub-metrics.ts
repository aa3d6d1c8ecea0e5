/** The numbers the hub counts; prom-client's counters and histograms have these shapes (made in hub/observe). */
export interface CountMetric<L extends string = never> {
  inc(labels: Record<L, string>, by?: number): void;
}
export interface PlainCount {
  inc(by?: number): void;
}
export interface TimeMetric {
  observe(value: number): void;
}

export interface HubMetrics {
  readonly opened: PlainCount;
  readonly closed: PlainCount;
  readonly replaced: PlainCount;
  readonly slowClosed: PlainCount;
  readonly resyncs: PlainCount;
  readonly ignoredFields: PlainCount;
  readonly refused: CountMetric<'why'>;
  readonly badFrames: CountMetric<'why'>;
  readonly framesIn: CountMetric<'type'>;
  /** Frames fanned out, by kind of change: one per session reached. */
  readonly fannedOut: CountMetric<'kind'>;
  /** Receipts committed, by stage. */
  readonly receipts: CountMetric<'stage'>;
  readonly heartbeats: CountMetric<'answer'>;
  /** Seconds from an alert's commit to the commit of a device's `displayed`. */
  readonly acceptedToDisplayed: TimeMetric;
  /** Seconds from an alert's commit to its publication on this node. */
  readonly acceptedToPublished: TimeMetric;
}

/** What is read from the hub when somebody asks for metrics. */
export interface HubGauges {
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
