/**
 * Scenario `fanout`: how long from the 201 of `POST /alerts/deploy` until the last device of a fleet has the frame, how long
 * until every `displayed` is committed, and what an idle session costs the hub.
 */
import { Fleet } from './fleet.ts';
import type { RestClient } from './rest-client.ts';
import { percentile, rounded } from './statistics.ts';

export interface FanoutOptions {
  readonly rest: RestClient;
  readonly hubUrls: readonly string[];
  readonly devices: number;
  readonly alerts: number;
}

export interface AlertFigures {
  /** From the 201 in this process to the last device's frame; negative when the frames were faster than the answer. */
  readonly lastFrameAfter201Ms: number;
  /** From sending the request to each device's frame. */
  readonly frameP50Ms: number;
  readonly frameP99Ms: number;
  readonly lastFrameMs: number;
  readonly reached: number;
  readonly displayed: number;
  /** From the 201 until the ladder shows every device `displayed`; at the resolution of the polls (25 ms). */
  readonly allDisplayedAfter201Ms: number;
}

export interface FanoutFigures {
  readonly devices: number;
  readonly alerts: AlertFigures[];
  /** Growth of the hubs' resident memory per session from none to all connected and idle, in bytes. */
  readonly memoryPerSessionBytes: number;
}

const IDLE_MS = 3_000;
const WITHIN_MS = 30_000;
const POLL_MS = 25;

async function hubMemoryBytes(hubUrls: readonly string[]): Promise<number> {
  let total = 0;
  for (const url of hubUrls) {
    const text = await (await fetch(new URL('/metrics', url))).text();
    total += Number(/^podoh_process_resident_memory_bytes(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1] ?? Number.NaN);
  }
  return total;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

export async function runFanout({ rest, hubUrls, devices, alerts }: FanoutOptions): Promise<FanoutFigures> {
  const prefix = `load-${Date.now().toString(36)}`;
  const group = await rest.post<{ id: number }>('/groups', { name: prefix });
  const fleet = new Fleet({ rest, hubUrls, devices, groupId: group.id, prefix });
  try {
    const before = await hubMemoryBytes(hubUrls);
    await fleet.connect();
    await pause(IDLE_MS);
    const memoryPerSessionBytes = Math.round(((await hubMemoryBytes(hubUrls)) - before) / devices);
    const figures: AlertFigures[] = [];
    for (let at = 0; at < alerts; at += 1) figures.push(await oneAlert(rest, fleet, devices, group.id));
    return { devices, alerts: figures, memoryPerSessionBytes };
  } finally {
    fleet.close();
  }
}

async function oneAlert(rest: RestClient, fleet: Fleet, devices: number, groupId: number): Promise<AlertFigures> {
  const arrivals: number[] = [];
  fleet.onFrame = (_device, frame, atMs) => {
    if (frame.type === 'alert.start') arrivals.push(atMs);
  };
  const askedAtMs = performance.now();
  const { deploymentId } = await rest.post<{ deploymentId: number }>('/alerts/deploy', {
    alert: {
      severity: 'critical',
      title: 'Evacuate',
      message: 'Please leave the building by the nearest exit. This is a measurement.',
    },
    groupIds: [groupId],
    drill: true,
  });
  const answeredAtMs = performance.now();
  while (arrivals.length < devices && performance.now() - answeredAtMs < WITHIN_MS) await pause(5);
  // Not spread into arguments: a fleet is more than the stack takes.
  const lastAtMs = arrivals.reduce((last, atMs) => Math.max(last, atMs), Number.NEGATIVE_INFINITY);
  let displayed = 0;
  while (displayed < devices && performance.now() - answeredAtMs < WITHIN_MS) {
    ({ displayed } = (await rest.get<{ ladder: { displayed: number } }>(`/alerts/deployments/${deploymentId}`)).ladder);
    if (displayed < devices) await pause(POLL_MS);
  }
  const displayedAtMs = performance.now();
  await rest.post('/alerts/stop', { deploymentId });
  const sinceAsked = arrivals.map((atMs) => atMs - askedAtMs);
  return {
    lastFrameAfter201Ms: rounded(lastAtMs - answeredAtMs),
    frameP50Ms: rounded(percentile(sinceAsked, 50)),
    frameP99Ms: rounded(percentile(sinceAsked, 99)),
    lastFrameMs: rounded(lastAtMs - askedAtMs),
    reached: arrivals.length,
    displayed,
    allDisplayedAfter201Ms: rounded(displayedAtMs - answeredAtMs),
  };
}
