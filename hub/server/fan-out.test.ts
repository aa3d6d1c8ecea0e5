/** Fan-out over sockets that only remember: what is encoded once, who is told one by one, what is said again. */
import type { TemplatedApp, WebSocket } from 'uWebSockets.js';
import { describe, expect, test, vi } from 'vitest';
import type { NewChange } from '../core/changes.ts';
import { HubModel, type Effect } from '../core/hub-model.ts';
import type { DeviceRecord } from '../core/model.ts';
import { applyToRecord } from '../core/device-records.ts';
import { decodeDownFrame } from '../../protocol/codec.ts';
import type { DownFrame } from '../../protocol/down.ts';
import { recordingLog } from '../../test/support/recording-log.ts';
import type { DeviceDirectory } from './device-directory.ts';
import { FanOut } from './fan-out.ts';
import type { Codec } from './frames.ts';
import { HeartbeatWaiters } from './heartbeat-waiters.ts';
import { Session, type SocketData } from './session.ts';
import { SessionRegistry } from './session-registry.ts';

const NOW = 1_700_000_000_000;
const TENANT = 1;

/** A screen at the other end of a socket. */
class Screen {
  readonly frames: DownFrame[] = [];
  readonly session: Session;
  closed: number | null = null;

  constructor(bench: Bench, deviceId: number, groupId: number, codec: Codec) {
    this.session = new Session(codec, '127.0.0.1', 'token', 100, 0);
    this.session.ws = {
      send: (bytes: string | Uint8Array) => {
        this.take(bytes, codec);
        return 1;
      },
      subscribe: (topic: string) => bench.subscribers(topic).add(this),
      unsubscribe: (topic: string) => bench.subscribers(topic).delete(this),
      end: (code: number) => {
        this.closed = code;
      },
      getBufferedAmount: () => 0,
    } as unknown as WebSocket<SocketData>;
    Object.assign(this.session, {
      deviceId,
      tenantId: TENANT,
      groupId,
      state: 'live',
      connEpoch: 1,
      credentialVersion: 1,
    });
  }

  take(bytes: string | Uint8Array, codec: Codec): void {
    const decoded = decodeDownFrame(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, codec);
    if (!decoded.ok || decoded.frame === undefined) throw new Error('the hub sent what the protocol does not know');
    this.frames.push(decoded.frame);
  }

  types(): string[] {
    return this.frames.map(({ type }) => type);
  }

  confirm(): void {
    this.session.appliedRev = Math.max(...this.frames.map((frame) => ('rev' in frame ? frame.rev : 0)));
  }
}

/** A hub with a site (1), a lobby below it (2) and a hall (3). */
class Bench {
  readonly model = new HubModel();
  readonly registry = new SessionRegistry();
  readonly records = new Map<number, DeviceRecord>();
  readonly waiters = new HeartbeatWaiters(10);
  readonly published: { topic: string; bytes: string | Uint8Array }[] = [];
  readonly sent: number[] = [];
  readonly fanOut: FanOut;
  resyncs = 0;
  nowMs = 1_000;
  readonly #topics = new Map<string, Set<Screen>>();

  constructor() {
    const group = { config: {}, rev: 1, placementRev: 0 };
    const groups = [
      { ...group, groupId: 1, parentId: null },
      { ...group, groupId: 2, parentId: 1 },
      { ...group, groupId: 3, parentId: null },
    ];
    const tenants = [{ tenantId: TENANT, groups, alerts: [], schedules: [] }];
    this.model.load({ epoch: 5, rev: 10, tenants, revokedDeviceIds: [] });
    this.fanOut = new FanOut({
      app: () => this.#app(),
      model: this.model,
      registry: this.registry,
      directory: {
        get: (deviceId: number) => this.records.get(deviceId),
        apply: (effect: Effect) => this.#apply(effect),
      } as unknown as DeviceDirectory,
      waiters: this.waiters,
      clock: { now: () => NOW, monotonicMs: () => this.nowMs },
      log: { ...recordingLog(), debug: () => undefined },
      onSent: (session) => this.sent.push(session.deviceId),
      onPublished: () => undefined,
      onResync: () => {
        this.resyncs += 1;
      },
    });
  }

  #app(): TemplatedApp {
    return {
      numSubscribers: (topic: string) => this.subscribers(topic).size,
      publish: (topic: string, bytes: string | Uint8Array) => {
        this.published.push({ topic, bytes });
        for (const screen of this.subscribers(topic)) screen.take(bytes, topic.startsWith('j') ? 'json' : 'msgpack');
        return true;
      },
    } as unknown as TemplatedApp;
  }

  #apply(effect: Effect): void {
    if (!('deviceId' in effect)) return;
    const record = this.records.get(effect.deviceId);
    if (record !== undefined) this.records.set(effect.deviceId, applyToRecord(record, effect));
  }

  subscribers(topic: string): Set<Screen> {
    const set = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, set);
    return set;
  }

  screen(deviceId: number, groupId: number, codec: Codec = 'json'): Screen {
    const life = { active: true, credentialVersion: 1, rev: 2, placementRev: 0, commands: [] };
    this.records.set(deviceId, { deviceId, tenantId: TENANT, groupId, config: {}, ...life });
    const screen = new Screen(this, deviceId, groupId, codec);
    this.registry.add(screen.session);
    screen.session.appliedRev = this.model.rev;
    return screen;
  }

  commit(change: NewChange): void {
    const effect = this.model.apply({ rev: this.model.rev + 1, tenantId: TENANT, change });
    if (effect !== null) this.fanOut.run(effect);
  }

  raise(groupIds: readonly number[], deviceIds: readonly number[] = [], expiresAt = NOW + 60_000): number {
    const text = { alertId: null, severity: 'info', title: 'T', message: '', content: null, drill: false } as const;
    const deploymentId = this.model.rev + 1;
    const alert = { deploymentId, ...text, startedAt: NOW, expiresAt };
    this.commit({ kind: 'alert.started', alert, groupIds, deviceIds });
    return deploymentId;
  }

  sweepAt(nowMs: number): void {
    this.nowMs = nowMs;
    this.fanOut.sweepUnconfirmed();
  }
}

describe('publishing', () => {
  test('an alert is encoded once per codec that somebody speaks, and published to each group that has screens', () => {
    const bench = new Bench();
    const screens = [bench.screen(70, 1), bench.screen(71, 2), bench.screen(72, 2), bench.screen(73, 2, 'msgpack')];
    const beside = bench.screen(74, 3);
    bench.raise([1]);
    expect(screens.map((screen) => screen.types())).toEqual(screens.map(() => ['alert.start']));
    expect(beside.frames).toEqual([]);
    expect(bench.published.map(({ topic }) => topic)).toEqual(['j1', 'j2', 'm2']);
    expect(bench.published[0]?.bytes).toBe(bench.published[1]?.bytes);
    bench.fanOut.close();
  });

  test('a device that is targeted by itself and by its group hears it once', () => {
    const bench = new Bench();
    const [both, alone] = [bench.screen(70, 1), bench.screen(71, 3)];
    bench.raise([1], [70, 71, 99]);
    expect(both.types()).toEqual(['alert.start']);
    expect(alone.types()).toEqual(['alert.start']);
    bench.fanOut.close();
  });

  test('[INV-10] a new manifest for all is told to each screen of the tenant, one in no group included, and to no stranger', () => {
    const bench = new Bench();
    const ours = [bench.screen(70, 1), bench.screen(71, 3), bench.screen(72, 0)];
    const stranger = bench.screen(80, 0);
    Object.assign(stranger.session, { tenantId: TENANT + 1 });
    const woken: string[] = [];
    const wait = (name: string, tenantId: number) =>
      bench.waiters.add({ tenantId, deviceId: tenantId, groupId: 0, wake: () => woken.push(name) });
    wait('ours', TENANT);
    wait('theirs', TENANT + 1);
    bench.commit({ kind: 'schedule.assigned', groupIds: [], deviceIds: [], everywhere: true });
    expect(ours.map((screen) => screen.frames)).toEqual(
      ours.map(() => [{ type: 'schedule.changed', rev: 11, version: 11 }]),
    );
    expect(stranger.frames).toEqual([]);
    expect(woken).toEqual(['ours']);
    bench.fanOut.close();
  });

  test('[INV-3] an alert that has run out before it is read is told to nobody', () => {
    const bench = new Bench();
    const screen = bench.screen(70, 1);
    bench.raise([1], [], NOW);
    expect(screen.frames).toEqual([]);
    bench.fanOut.close();
  });

  test('whoever is moved hears its new group from the next change on, and its old one no more', () => {
    const bench = new Bench();
    const screen = bench.screen(70, 1);
    bench.commit({ kind: 'device.saved', deviceId: 70, groupId: 3, config: {} });
    bench.raise([1]);
    const here = bench.raise([3]);
    expect(screen.types()).toEqual(['state', 'alert.start']);
    expect(screen.frames[1]).toMatchObject({ alert: { deploymentId: here } });
    bench.fanOut.close();
  });

  test('a `sent` of its own is worth writing only for who sends no receipt soon, whatever it has applied', () => {
    vi.useFakeTimers();
    const bench = new Bench();
    const [quick, slow, mute] = [bench.screen(70, 1), bench.screen(71, 2), bench.screen(72, 2)];
    const deploymentId = bench.raise([1]);
    expect(bench.fanOut.publishedAt(deploymentId)).toBe(NOW);
    bench.fanOut.heard(deploymentId, quick.session.deviceId);
    mute.confirm();
    vi.advanceTimersByTime(2_000);
    expect(bench.sent).toEqual([slow.session.deviceId, mute.session.deviceId]);
    bench.commit({ kind: 'alert.stopped', deploymentId });
    expect(bench.fanOut.publishedAt(deploymentId)).toBeNull();
    vi.useRealTimers();
  });

  test('a credential that dies closes the session that has it, and not one that has the next already', () => {
    const bench = new Bench();
    const screens = [bench.screen(70, 1), bench.screen(71, 1), bench.screen(72, 1), bench.screen(73, 1)];
    const end = (deviceId: number, reason: 'rotated' | 'revoked' | 'removed') =>
      bench.commit({ kind: 'device.credential', deviceId, credentialVersion: 2, reason });
    end(70, 'rotated');
    end(71, 'revoked');
    end(72, 'removed');
    (screens[3] as Screen).session.credentialVersion = 2;
    end(73, 'rotated');
    expect(screens.map(({ closed }) => closed)).toEqual([4203, 4301, 4300, null]);
  });
});

describe('what is not confirmed', () => {
  test('[INV-1] is said again, whole, after 3, 6 and 9 seconds, and then no more', () => {
    const bench = new Bench();
    const [silent, good] = [bench.screen(70, 1), bench.screen(71, 1)];
    bench.raise([1]);
    good.confirm();
    bench.sweepAt(1_000 + 2_999);
    expect(silent.types()).toEqual(['alert.start']);
    let at = 1_000;
    for (const waitMs of [3_000, 6_000, 9_000]) {
      at += waitMs - 1;
      bench.sweepAt(at);
      const before = silent.frames.length;
      at += 1;
      bench.sweepAt(at);
      expect(silent.frames).toHaveLength(before + 1);
    }
    bench.sweepAt(at + 60_000);
    expect(silent.types()).toEqual(['alert.start', 'state', 'state', 'state']);
    expect(good.types()).toEqual(['alert.start']);
    expect(bench.resyncs).toBe(3);
    bench.fanOut.close();
  });

  test('[INV-1] the next push is worth as much again, though changes of others in between are not', () => {
    const bench = new Bench();
    const silent = bench.screen(70, 1);
    bench.raise([1]);
    bench.sweepAt(4_000);
    bench.raise([3]);
    bench.sweepAt(10_000);
    bench.sweepAt(19_000);
    bench.sweepAt(90_000);
    expect(bench.resyncs).toBe(3);
    bench.raise([1]);
    bench.sweepAt(93_000);
    expect(bench.resyncs).toBe(4);
    expect(silent.types()).toEqual(['alert.start', 'state', 'state', 'state', 'alert.start', 'state']);
    bench.fanOut.close();
  });

  test('is no longer looked for once it is confirmed', () => {
    const bench = new Bench();
    const screen = bench.screen(70, 1);
    bench.raise([1]);
    bench.sweepAt(4_000);
    screen.confirm();
    bench.sweepAt(90_000);
    expect(bench.resyncs).toBe(1);
    bench.fanOut.close();
  });
});

describe('after everything was loaded anew', () => {
  test('[INV-1][INV-9] every session is held against what is true now', () => {
    const bench = new Bench();
    const [same, moved, revoked, rotated, gone] = [70, 71, 72, 73, 74].map((id) => bench.screen(id, 1));
    const change = (deviceId: number, more: Partial<DeviceRecord>) =>
      bench.records.set(deviceId, { ...(bench.records.get(deviceId) as DeviceRecord), ...more });
    change(71, { groupId: 3 });
    change(72, { active: false });
    change(73, { credentialVersion: 2 });
    bench.records.delete(74);
    bench.fanOut.resyncAll();
    expect([revoked, rotated, gone].map((screen) => screen?.closed)).toEqual([4301, 4203, 4300]);
    expect([same, moved].map((screen) => screen?.types())).toEqual([['state'], ['state']]);
    bench.raise([3]);
    expect(moved?.types()).toEqual(['state', 'alert.start']);
    expect(same?.types()).toEqual(['state']);
    bench.fanOut.close();
  });

  test('[INV-1] what was confirmed in another history confirms nothing of this one', () => {
    const bench = new Bench();
    const silent = bench.screen(70, 1);
    silent.session.appliedRev = 5_000;
    silent.session.sentRev = 5_000;
    bench.fanOut.resyncAll();
    bench.sweepAt(5_000);
    expect(silent.types()).toEqual(['state', 'state']);
    bench.fanOut.close();
  });

  test('[INV-1] a second time during the first is not forgotten', async () => {
    const bench = new Bench();
    const screens = Array.from({ length: 600 }, (_, index) => bench.screen(1_000 + index, 1));
    bench.fanOut.resyncAll();
    bench.fanOut.resyncAll();
    await vi.waitFor(() => {
      expect(screens.map((screen) => screen.frames.length)).toEqual(screens.map(() => 2));
    });
    bench.fanOut.close();
  });
});
