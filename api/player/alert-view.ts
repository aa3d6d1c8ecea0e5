/**
 * Puts alerts on the screen: one large, the others as strips, taking turns.
 *
 * Invariants: the large card of an alert is kept as long as that alert (same deployment, same rev) stays large, so that
 * its video goes on and nothing flashes; `onGlass` names exactly the alerts whose elements are in the document now.
 */
import type { Alert } from '../../protocol/desired-state.ts';
import { alertMain, alertStrip, fitMain, fitStrip } from './alert-card.ts';
import { TURN_MS, arrangeStage, turnShowing } from './alert-stage.ts';
import { showContent, type ContentFrame } from './content-frame.ts';
import { element } from './elements.ts';

/** Strips at once: in a portrait each is two lines high, and the large alert must stay large. */
const STRIPS_MAX = 3;

export interface AlertViewOptions {
  /** Base of relative content addresses. */
  readonly contentBase: string;
  /** Address of verified bytes that are here already; null when they are not. */
  readonly addressOfFile: (sha256: string) => string | null;
  readonly volumePercent: () => number;
  readonly timeOf: (at: string) => string;
  readonly onContentFailed: (deploymentId: number, reason: string) => void;
  /** Its content was there to be seen for so long, in milliseconds. */
  readonly onContentPlayed: (alert: Alert, playedMs: number) => void;
  /** The elements changed: something else is about to be painted. */
  readonly onChanged: () => void;
}

interface Large {
  readonly key: string;
  readonly card: HTMLElement;
  readonly content: ContentFrame | null;
}

export class AlertView {
  readonly #root: HTMLElement;
  readonly #options: AlertViewOptions;
  #alerts: readonly Alert[] = [];
  #turn = 0;
  #large: Large | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(root: HTMLElement, options: AlertViewOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Shows exactly these, given in order of weight. */
  show(next: readonly Alert[]): void {
    if (
      next.length === this.#alerts.length &&
      next.every((alert, index) => keyOf(alert) === keyOf(this.#alerts[index]))
    )
      return;
    const known = new Set(this.#alerts.map(keyOf));
    const fresh = next.find((alert) => !known.has(keyOf(alert)));
    this.#alerts = next;
    this.#turn = fresh === undefined ? 0 : turnShowing(next, fresh.deploymentId, STRIPS_MAX);
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = arrangeStage(next, 0, STRIPS_MAX).turns > 1 ? setInterval(() => this.#nextTurn(), TURN_MS) : null;
    this.#draw();
  }

  /** Measures again: the room has changed. */
  refit(): void {
    for (const strip of this.#root.querySelectorAll<HTMLElement>('.alert-strip')) fitStrip(strip);
    if (this.#large !== null && !this.#root.hidden) fitMain(this.#large.card);
  }

  /** Deployments whose elements are in the document now. */
  onGlass(): number[] {
    return [...this.#root.querySelectorAll<HTMLElement>('[data-deployment-id]')].map((node) =>
      Number(node.dataset['deploymentId']),
    );
  }

  #nextTurn(): void {
    this.#turn += 1;
    this.#draw();
  }

  #draw(): void {
    const { main, strips } = arrangeStage(this.#alerts, this.#turn, STRIPS_MAX);
    this.#root.hidden = main === null;
    this.#keepOrReplaceLarge(main);
    for (const node of [...this.#root.children]) if (node !== this.#large?.card) node.remove();
    this.#root.append(...strips.map(alertStrip));
    const unseen = this.#alerts.length - 1 - strips.length;
    if (unseen > 0) this.#root.append(element('div', 'more-alerts', `+ ${unseen} more`));
    this.refit();
    this.#options.onChanged();
  }

  #keepOrReplaceLarge(main: Alert | null): void {
    if (this.#large !== null && main !== null && this.#large.key === keyOf(main)) return;
    this.#large?.content?.dispose();
    this.#large?.card.remove();
    this.#large = null;
    if (main === null) return;
    const content = this.#contentOf(main);
    const card = alertMain(main, this.#options.timeOf(main.startedAt), content?.node ?? null);
    this.#large = { key: keyOf(main), card, content };
    this.#root.prepend(card);
  }

  #contentOf(alert: Alert): ContentFrame | null {
    if (alert.content === undefined) return null;
    return showContent(alert.content, {
      base: this.#options.contentBase,
      addressOfFile: this.#options.addressOfFile,
      volumePercent: this.#options.volumePercent(),
      onPlayed: (playedMs) => this.#options.onContentPlayed(alert, playedMs),
      onFailed: (reason) => {
        this.#options.onContentFailed(alert.deploymentId, reason);
        if (this.#large?.key !== keyOf(alert)) return;
        this.#large.card.querySelector('.alert-media')?.remove();
        this.refit();
      },
    });
  }
}

function keyOf(alert: Alert | undefined): string {
  return alert === undefined ? '' : `${alert.deploymentId}:${alert.rev}`;
}
