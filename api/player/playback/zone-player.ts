/**
 * Plays one zone: keeps on glass what the plan says (zone-plan.ts), and makes the next item ready before its time.
 *
 * State: `#current`, the layer on glass, if any; `#coming`, the layer that is being made ready (`isReady` says whether it is), if any; `#broken`,
 * the items that could not be shown, and until when nobody tries them. Transitions, all in `update`: nothing coming -> coming (its time is
 * near) -> current (it is ready and its time has come; the layer before is let go after the transition) or dropped (it failed, or time
 * has run past it).
 * Invariants: at most one layer is coming; what is current stays on glass until another is ready, and goes without one only when nothing of the
 * zone can be shown; an item that fails is told once for each try; one zone never waits for another.
 */
import type { Zone } from '../../../protocol/schedule.ts';
import type { ZonePlaylist, ZoneSlot } from '../../../protocol/zone-playlist.ts';
import { createPaintWatch } from '../paint.ts';
import type { FinishedPlay } from './finished-play.ts';
import { switchLayers } from './layer-switch.ts';
import { PlayMeter, type Moment } from './play-meter.ts';
import type { Slide, SlideParts } from './slide.ts';
import { planZone, type ZonePlan } from './zone-plan.ts';

/** The next item is made ready this long before its time, in milliseconds. */
const LEAD_MS = 8_000;
/** An item that could not be shown is tried again after this, doubling up to the second, in milliseconds. */
const BROKEN_MS = 30_000;
const BROKEN_MS_MAX = 15 * 60_000;

export interface ZonePlayerParts {
  readonly zone: Zone;
  readonly playlist: ZonePlaylist;
  readonly scheduleId: number;
  readonly moment: () => Moment;
  readonly volumePercent: () => number;
  /** Makes the slide of a slot; a text is the reason why there is none. */
  readonly makeSlide: (
    slot: ZoneSlot,
    told: Pick<SlideParts, 'onBroken' | 'onSight'> & { readonly onAway: (reason: string) => void },
  ) => Slide | string;
  readonly onPlay: (play: FinishedPlay) => void;
  readonly onTrouble: (contentId: number, reason: string) => void;
  /** Something happened out of time: `update` is due. */
  readonly onChanged: () => void;
}

interface Layer {
  readonly node: HTMLElement;
  readonly slide: Slide;
  slot: ZoneSlot;
  isReady: boolean;
  isInSight: boolean;
  /** What is on glass has stopped, and stays until another item is ready. */
  isBroken: boolean;
}

export class ZonePlayer {
  readonly node: HTMLElement;
  readonly #parts: ZonePlayerParts;
  readonly #meter: PlayMeter;
  readonly #broken = new Map<number, { readonly untilMs: number; readonly times: number }>();
  readonly #paint: { request(): void };
  #current: Layer | null = null;
  #coming: Layer | null = null;
  #isCovered = true;
  #isStopped = false;

  constructor(parts: ZonePlayerParts) {
    this.#parts = parts;
    this.#meter = new PlayMeter(parts.onPlay);
    this.node = document.createElement('div');
    this.node.className = 'zone';
    this.node.dataset['zoneId'] = parts.zone.id;
    const { x, y, width, height, zIndex = 0 } = parts.zone;
    const place = { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px`, zIndex: `${zIndex}` };
    Object.assign(this.node.style, place);
    this.#paint = createPaintWatch(
      () => this.#current,
      (painted) => this.#onPainted(painted),
    );
  }

  /** The content in the zone now; null when there is none. */
  get contentId(): number | null {
    return this.#current?.slot.item.contentId ?? null;
  }

  /** Whether it has something on glass, or cannot have. */
  get isSettled(): boolean {
    return this.#current !== null || this.#plan() === null;
  }

  /** Does what is due; answers when it wants to be asked again, epoch milliseconds by the hub's clock. */
  update(): number {
    if (this.#isStopped) return Infinity;
    const plan = this.#plan();
    if (plan === null) {
      this.#clear();
      return this.#nextTryMs();
    }
    this.#current?.slide.tick(this.#parts.volumePercent());
    this.#meter.tick(this.#parts.moment());
    if (this.#current?.slot.index === plan.show.index && !this.#current.isBroken) {
      this.#goOn(this.#current, plan.show);
      return this.#prepareNext(plan);
    }
    this.#bring(plan.show);
    return plan.changesAt;
  }

  /** What could not be shown may be mended: it is tried again at once. */
  tryAgain(): void {
    this.#broken.clear();
  }

  /** It is seen from now on: what was on time goes on, and plays count. */
  uncover(): void {
    this.#isCovered = false;
    const { nowMs } = this.#parts.moment();
    if (this.#current !== null) this.#current.slide.resume(nowMs - this.#current.slot.startedAt);
    this.#paint.request();
  }

  /** It is not seen from now on. */
  cover(): void {
    this.#isCovered = true;
    this.#meter.covered(this.#parts.moment());
    this.#current?.slide.pause();
  }

  /** The page is hidden, or shown again: nobody sees it, but what plays goes on. */
  pageIsSeen(isSeen: boolean): void {
    if (isSeen) this.#paint.request();
    else this.#meter.covered(this.#parts.moment());
  }

  stop(): void {
    this.#isStopped = true;
    this.#clear();
    this.node.remove();
  }

  #plan(): ZonePlan | null {
    const isShowable = (index: number): boolean => this.#isShowable(index);
    if (!this.#parts.zone.items.some((_item, index) => isShowable(index))) return null;
    return planZone(this.#parts.playlist, this.#parts.moment().nowMs, isShowable);
  }

  #isShowable(index: number): boolean {
    const broken = this.#broken.get(index);
    return broken === undefined || this.#parts.moment().monotonicMs >= broken.untilMs;
  }

  /** When an item that could not be shown may be tried again, by the hub's clock. */
  #nextTryMs(): number {
    const { nowMs, monotonicMs } = this.#parts.moment();
    const first = Math.min(...[...this.#broken.values()].map(({ untilMs }) => untilMs));
    return nowMs + Math.max(0, first - monotonicMs);
  }

  #goOn(current: Layer, slot: ZoneSlot): void {
    if (current.slot.startedAt === slot.startedAt) return;
    const wasEarly = slot.startedAt > current.slot.startedAt;
    current.slot = slot;
    if (!current.slide.beginsAnew || !wasEarly) return;
    this.#meter.again(this.#parts.moment());
    if (!this.#isCovered) current.slide.start(this.#parts.moment().nowMs - slot.startedAt);
  }

  #prepareNext({ next, changesAt }: ZonePlan): number {
    if (next === null || next.index === this.#current?.slot.index) return changesAt;
    const leadAt = changesAt - LEAD_MS;
    if (this.#parts.moment().nowMs < leadAt) return leadAt;
    this.#prepare(next);
    return changesAt;
  }

  /** Puts a slot on glass as soon as it is ready. */
  #bring(slot: ZoneSlot): void {
    const coming = this.#coming;
    if (coming?.slot.index === slot.index) {
      coming.slot = slot;
      if (coming.isReady) this.#show(coming);
      return;
    }
    if (coming === null) {
      this.#prepare(slot);
      return;
    }
    const isLate = coming.slot.startedAt <= slot.startedAt;
    // What takes longer to load than it is shown for must have its turn, too, or the zone would never change at all.
    if (isLate && !coming.isReady) return;
    if (isLate && (this.#current === null || this.#current.slot.startedAt < coming.slot.startedAt)) {
      this.#show(coming);
      return;
    }
    this.#drop();
    this.#prepare(slot);
  }

  #prepare(slot: ZoneSlot): void {
    if (this.#coming?.slot.index === slot.index) {
      this.#coming.slot = slot;
      return;
    }
    this.#drop();
    const node = document.createElement('div');
    node.className = 'layer';
    node.dataset['waiting'] = '';
    const slide = this.#parts.makeSlide(slot, {
      onBroken: (reason) => this.#onBroken(layer, reason),
      onSight: (isInSight) => this.#onSight(layer, isInSight),
      onAway: (reason) => this.#parts.onTrouble(slot.item.contentId, reason),
    });
    if (typeof slide === 'string') {
      this.#fail(slot, slide);
      return;
    }
    const layer: Layer = { node, slide, slot, isReady: false, isInSight: true, isBroken: false };
    this.#coming = layer;
    node.append(slide.node);
    this.node.append(node);
    void this.#load(layer);
  }

  async #load(layer: Layer): Promise<void> {
    try {
      await layer.slide.prepare(this.#parts.moment().nowMs - layer.slot.startedAt);
    } catch (cause) {
      if (this.#coming !== layer) return;
      this.#drop();
      this.#fail(layer.slot, cause instanceof Error ? cause.message : String(cause));
      return;
    }
    if (this.#coming !== layer) return;
    layer.isReady = true;
    this.#parts.onChanged();
  }

  #show(layer: Layer): void {
    const outgoing = this.#current;
    const { slot, slide } = layer;
    const at = this.#parts.moment();
    this.#coming = null;
    this.#current = layer;
    this.#broken.delete(slot.index);
    this.#meter.put({ contentId: slot.item.contentId, scheduleId: this.#parts.scheduleId }, at);
    slide.start(at.nowMs - slot.startedAt);
    if (this.#isCovered) slide.pause();
    void switchLayers(layer.node, outgoing?.node ?? null, slot.item, slot.endsAt - slot.startedAt).then(() => {
      if (outgoing !== null) letGo(outgoing);
    });
    this.#paint.request();
    this.#parts.onChanged();
  }

  #onPainted(painted: Layer | null): void {
    if (painted === null || painted !== this.#current || this.#isCovered || !painted.isInSight) return;
    this.#meter.seen(this.#parts.moment());
  }

  #onSight(layer: Layer, isInSight: boolean): void {
    layer.isInSight = isInSight;
    if (layer !== this.#current) return;
    if (isInSight) this.#paint.request();
    else this.#meter.covered(this.#parts.moment());
  }

  #onBroken(layer: Layer, reason: string): void {
    if (layer !== this.#current && layer !== this.#coming) return;
    if (layer === this.#coming) {
      this.#drop();
    } else {
      layer.isBroken = true;
      this.#meter.put(null, this.#parts.moment());
    }
    this.#fail(layer.slot, reason);
  }

  #fail(slot: ZoneSlot, reason: string): void {
    const times = (this.#broken.get(slot.index)?.times ?? 0) + 1;
    const waitMs = Math.min(BROKEN_MS * 2 ** (times - 1), BROKEN_MS_MAX);
    this.#broken.set(slot.index, { untilMs: this.#parts.moment().monotonicMs + waitMs, times });
    this.#parts.onTrouble(slot.item.contentId, reason);
    this.#parts.onChanged();
  }

  #clear(): void {
    this.#drop();
    this.#meter.put(null, this.#parts.moment());
    if (this.#current !== null) letGo(this.#current);
    this.#current = null;
  }

  #drop(): void {
    if (this.#coming !== null) letGo(this.#coming);
    this.#coming = null;
  }
}

function letGo({ node, slide }: Layer): void {
  slide.dispose();
  node.remove();
}
