/**
 * A schedule on the screen: the canvas of its layout, scaled to the place with its proportions kept, and a player for each zone.
 *
 * States: `waiting` (made ready behind what is on, neither seen nor counted), `seen`, `covered` (seen, but for an alert over it), `stopped`.
 */
import type { FinishedPlay } from './finished-play.ts';
import { makeSlide, type SlideMaker } from './make-slide.ts';
import type { Moment } from './play-meter.ts';
import type { OnNow } from './programme.ts';
import { ZonePlayer } from './zone-player.ts';

export interface SceneParts extends SlideMaker {
  readonly moment: () => Moment;
  readonly onPlay: (play: FinishedPlay) => void;
  readonly onTrouble: (contentId: number, reason: string) => void;
  readonly onChanged: () => void;
}

export class Scene {
  readonly node: HTMLElement;
  readonly scheduleId: number;
  /** What makes it another scene: the schedule as it was deployed, and the files that it shows. */
  readonly key: string;
  readonly #zones: readonly ZonePlayer[];
  readonly #canvas: { readonly width: number; readonly height: number };

  constructor(on: OnNow, key: string, parts: SceneParts) {
    const { layout, id } = on.schedule;
    this.scheduleId = id;
    this.key = key;
    this.#canvas = layout;
    this.node = document.createElement('div');
    this.node.className = 'scene';
    this.node.dataset['waiting'] = '';
    this.node.dataset['scheduleId'] = String(id);
    Object.assign(this.node.style, {
      width: `${layout.width}px`,
      height: `${layout.height}px`,
      background: layout.background ?? '#000000',
    });
    const { moment, volumePercent, onPlay, onTrouble, onChanged } = parts;
    const shared = { scheduleId: id, moment, volumePercent, onPlay, onTrouble, onChanged };
    this.#zones = on.zones.map(
      ({ zone, playlist }) =>
        new ZonePlayer({ ...shared, zone, playlist, makeSlide: (slot, told) => makeSlide(parts, slot, told) }),
    );
    this.node.append(...this.#zones.map((zone) => zone.node));
  }

  /** Every zone has something on glass, or cannot have. */
  get isSettled(): boolean {
    return this.#zones.every((zone) => zone.isSettled);
  }

  get zones(): { zoneId: string; contentId: number | null }[] {
    return this.#zones.map((zone) => ({ zoneId: zone.node.dataset['zoneId'] ?? '', contentId: zone.contentId }));
  }

  /** Does what is due in every zone; answers when the next thing is, epoch milliseconds by the hub's clock. */
  update(): number {
    return Math.min(Infinity, ...this.#zones.map((zone) => zone.update()));
  }

  /** Fits the canvas into a place of this size, in the middle. */
  fit(width: number, height: number): void {
    const scale = Math.min(width / this.#canvas.width, height / this.#canvas.height);
    this.node.style.transform = `scale(${scale}) translate(-50%, -50%)`;
  }

  /** It is what is on from now on. */
  reveal(): void {
    delete this.node.dataset['waiting'];
  }

  tryAgain(): void {
    for (const zone of this.#zones) zone.tryAgain();
  }

  uncover(): void {
    for (const zone of this.#zones) zone.uncover();
  }

  cover(): void {
    for (const zone of this.#zones) zone.cover();
  }

  pageIsSeen(isSeen: boolean): void {
    for (const zone of this.#zones) zone.pageIsSeen(isSeen);
  }

  stop(): void {
    for (const zone of this.#zones) zone.stop();
    this.node.remove();
  }
}
