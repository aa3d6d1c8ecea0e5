/** What the API says is on a screen, and what a player works out from its manifest: the same, at any instant. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createProgramme } from '../../api/player/playback/programme.ts';
import type { Layout, Timing } from '../../protocol/schedule.ts';
import type { Manifest } from '../../protocol/sync.ts';
import { eventually } from '../support/eventually.ts';
import { newDevice, newGroup } from '../support/screens.ts';
import { describeEachAdapterSet } from '../support/system.ts';

const TIMEZONE = 'America/New_York';
/** Worlds of schedules, and instants asked for in each: every one is a handful of requests. */
const WORLDS = 4;
const INSTANTS = 25;

interface Preview {
  readonly schedule: { readonly id: number; readonly deploymentId: number } | null;
  readonly zones: readonly object[];
}

const timings = fc.constantFrom<Timing>(
  {},
  { windows: [{ start: '08:00', end: '17:00' }] },
  { windows: [{ start: '22:00', end: '02:00' }], timezone: 'Asia/Tokyo' },
  { startDate: '2026-11-02', rrule: 'FREQ=WEEKLY;BYDAY=MO,WE,FR', windows: [{ start: '06:30', end: '23:15' }] },
);

/** Schedules with zones of any items of so much content, each for the group above or the device's own. */
function schedules(contentCount: number) {
  const item = fc.record({
    content: fc.nat(contentCount - 1),
    durationMs: fc.option(fc.integer({ min: 500, max: 90_000 }), { nil: undefined }),
  });
  const zone = fc.record({ items: fc.array(item, { minLength: 1, maxLength: 6 }), shuffle: fc.boolean() });
  const schedule = fc.record({
    zones: fc.array(zone, { minLength: 1, maxLength: 3 }),
    timing: timings,
    priority: fc.integer({ min: 0, max: 2 }),
    isNear: fc.boolean(),
  });
  return fc.array(schedule, { minLength: 1, maxLength: 4 });
}

/** What a player has on at an instant, as the API words it. */
function playerSays(manifest: Manifest, instantMs: number): Preview {
  const { on } = createProgramme(manifest, TIMEZONE).at(instantMs);
  if (on === null) return { schedule: null, zones: [] };
  const zones = on.zones.flatMap(({ zone, playlist }) => {
    const slot = playlist.at(instantMs);
    if (slot === null) return [];
    const times = { startedAt: new Date(slot.startedAt).toISOString(), endsAt: new Date(slot.endsAt).toISOString() };
    return [{ zoneId: zone.id, itemIndex: slot.index, contentId: slot.item.contentId, ...times }];
  });
  return { schedule: { id: on.schedule.id, deploymentId: on.schedule.deploymentId ?? 0 }, zones };
}

describeEachAdapterSet('the preview', (start) => {
  it('property: is what the player plays', async () => {
    const system = await start();
    const { admin } = system;
    const contentIds: number[] = [];
    for (const durationMs of [7_300, 61_000, undefined, 500]) {
      const made = await admin.must<{ id: number }>('POST', '/content', {
        ...{ type: 'stream', name: 'Camera', url: 'https://camera.example.com/1.m3u8' },
        ...(durationMs !== undefined && { durationMs }),
      });
      contentIds.push(made.id);
    }
    let winners = 0;
    await fc.assert(
      fc.asyncProperty(
        schedules(contentIds.length),
        fc.array(fc.integer({ min: 0, max: 30 * 86_400_000 }), { minLength: INSTANTS, maxLength: INSTANTS }),
        async (world, instants) => {
          const above = await newGroup(admin, null, { timezone: TIMEZONE });
          const own = await newGroup(admin, above.id);
          const device = await newDevice(system, own.id);
          await device.token();
          for (const { zones, timing, priority, isNear } of world) {
            const layout: Layout = {
              ...{ width: 300, height: 100 },
              zones: zones.map(({ items, shuffle }, index) => ({
                ...{ id: `zone-${index}`, x: index * 100, y: 0, width: 100, height: 100, shuffle },
                items: items.map(({ content, durationMs }) => ({
                  contentId: contentIds[content]!,
                  ...(durationMs !== undefined && { durationMs }),
                })),
              })),
            };
            const { id } = await admin.must<{ id: number }>('POST', '/schedules', {
              name: 'S',
              layout,
              timing,
              priority,
            });
            await admin.must('POST', `/schedules/${id}/deploy`, { groupIds: [isNear ? own.id : above.id] });
          }
          let manifest: Manifest | null = null;
          await eventually(async () => {
            manifest = (await device.http('GET', '/schedule')).data as Manifest;
            return manifest.schedules.length === world.length;
          });
          for (const afterMs of instants) {
            const instantMs = Date.now() + afterMs;
            const at = new Date(instantMs).toISOString();
            const preview = await admin.must<Preview>('GET', `/devices/${device.deviceId}/preview?at=${at}`);
            const { schedule, zones } = playerSays(manifest!, instantMs);
            expect(preview.zones).toEqual(zones);
            if (schedule === null) expect(preview.schedule).toBeNull();
            else expect(preview.schedule).toMatchObject(schedule);
            if (schedule !== null) winners += 1;
          }
        },
      ),
      { numRuns: WORLDS },
    );
    // The control: there was something to agree on.
    expect(winners).toBeGreaterThan(0);
  });
});
