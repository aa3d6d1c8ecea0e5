/**
 * Scenario `plays`: proof of play by the million. Fills the system through `/sync/log` as devices do, then asks for reports and
 * exports, and looks at how much memory the API takes meanwhile.
 */
import type { DeviceCredential, RestClient } from './rest-client.ts';
import { percentile, rounded } from './statistics.ts';

export interface PlaysOptions {
  readonly rest: RestClient;
  readonly apiUrl: string;
  readonly hubUrl: string;
  /** Plays to report before the reports are read; 0 reads what is there. */
  readonly plays: number;
  readonly devices: number;
  /** How often each report is read. */
  readonly reads: number;
}

export interface PlaysFigures {
  readonly plays: number;
  readonly ingestPerSecond: number;
  readonly reports: { report: string; p50Ms: number; p95Ms: number }[];
  readonly exports: { format: string; rows: number; seconds: number; megabytes: number; memoryGrowthMb: number }[];
}

const BATCH = 100;
/** Plays are spread over so many days before now. */
const DAYS = 30;
const CONTENTS = 200;
const SENDERS = 16;

interface Player extends DeviceCredential {
  readonly token: string;
}

async function tokenOf(hubUrl: string, { deviceId, credential }: DeviceCredential): Promise<Player> {
  const response = await fetch(new URL('/api/v1/sync/token', hubUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ deviceId, credential }),
  });
  if (!response.ok) throw new Error(`token of device ${deviceId}: ${response.status}`);
  const { data } = (await response.json()) as { data: { accessToken: string } };
  return { deviceId, credential, token: data.accessToken };
}

/** One batch; tried again while the hub says that it is too early or too busy. */
async function send(hubUrl: string, token: string, entries: readonly object[]): Promise<void> {
  for (;;) {
    const response = await fetch(new URL('/api/v1/sync/log', hubUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ entries }),
    });
    await response.arrayBuffer();
    if (response.ok) return;
    if (response.status !== 429 && response.status !== 503) throw new Error(`POST /sync/log: ${response.status}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function fill({ rest, hubUrl, plays, devices }: PlaysOptions): Promise<number> {
  const prefix = `plays-${Date.now().toString(36)}`;
  const group = await rest.post<{ id: number }>('/groups', { name: prefix });
  const credentials = await rest.importDevices(prefix, devices, group.id);
  const players: Player[] = [];
  for (const credential of credentials) players.push(await tokenOf(hubUrl, credential));
  const batches = Math.ceil(plays / BATCH);
  const spacingMs = (DAYS * 86_400_000) / batches;
  const begunAt = Date.now();
  const begunAtMs = performance.now();
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let at = next++; at < batches; at = next++) {
      const player = players[at % players.length];
      if (player === undefined) return;
      const from = begunAt - DAYS * 86_400_000 + at * spacingMs;
      const entries = Array.from({ length: BATCH }, (_unused, index) => ({
        id: `${prefix}-${at}-${index}`,
        contentId: 1 + ((at * 7 + index) % CONTENTS),
        startedAt: new Date(from + index * 10).toISOString(),
        playSeconds: 10,
      }));
      await send(hubUrl, player.token, entries);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  return plays / ((performance.now() - begunAtMs) / 1_000);
}

async function memoryBytes(apiUrl: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', apiUrl))).text();
  return Number(/^podoh_process_resident_memory_bytes(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1] ?? Number.NaN);
}

const REPORTS = ['content', 'device', 'group', 'schedule', 'day'] as const;

async function timeReports(rest: RestClient, range: string, reads: number): Promise<PlaysFigures['reports']> {
  const found: PlaysFigures['reports'] = [];
  for (const groupBy of REPORTS) {
    const ms: number[] = [];
    for (let read = 0; read < reads; read += 1) {
      const begunAtMs = performance.now();
      await rest.get(`/reports/usage?groupBy=${groupBy}&${range}`);
      ms.push(performance.now() - begunAtMs);
    }
    found.push({
      report: `usage by ${groupBy}`,
      p50Ms: rounded(percentile(ms, 50)),
      p95Ms: rounded(percentile(ms, 95)),
    });
  }
  return found;
}

/** Reads a whole export, looking at the API's memory twice a second meanwhile. */
async function timeExport(
  { rest, apiUrl }: PlaysOptions,
  range: string,
  format: string,
): Promise<PlaysFigures['exports'][number]> {
  const before = await memoryBytes(apiUrl);
  let peak = before;
  const timer = setInterval(() => {
    void memoryBytes(apiUrl).then(
      (bytes) => {
        peak = Math.max(peak, bytes);
      },
      () => undefined,
    );
  }, 500);
  const begunAtMs = performance.now();
  let rows = 0;
  let bytes = 0;
  for await (const chunk of await rest.stream(`/reports/plays?format=${format}&${range}`)) {
    bytes += chunk.length;
    rows += Buffer.from(chunk).filter((byte) => byte === 0x0a).length;
  }
  clearInterval(timer);
  return {
    format,
    rows,
    seconds: rounded((performance.now() - begunAtMs) / 1_000),
    megabytes: rounded(bytes / 1_048_576),
    memoryGrowthMb: rounded((Math.max(peak, await memoryBytes(apiUrl)) - before) / 1_048_576),
  };
}

export async function runPlays(options: PlaysOptions): Promise<PlaysFigures> {
  const ingestPerSecond = options.plays === 0 ? 0 : rounded(await fill(options));
  const to = Date.now() + 60_000;
  const rangeOf = (days: number): string =>
    `from=${new Date(to - days * 86_400_000).toISOString()}&to=${new Date(to).toISOString()}`;
  const reports = await timeReports(options.rest, rangeOf(DAYS + 1), options.reads);
  // A tenth, then everything: memory that grew with the rows would show.
  const exports = [await timeExport(options, rangeOf(3), 'csv'), await timeExport(options, rangeOf(DAYS + 1), 'csv')];
  return { plays: options.plays, ingestPerSecond, reports, exports };
}
