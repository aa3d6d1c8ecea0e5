/** The page as a surface: draws pictures into index.html, and reports what has been painted. */
import { AlertView } from './alert-view.ts';
import type { Alert } from '../../protocol/desired-state.ts';
import { takeScreenshot } from './capture/screenshot.ts';
import { byId, element, setText } from './elements.ts';
import { largestFit } from './fit-text.ts';
import { drawIdle, localTime } from './idle-view.ts';
import { createPaintWatch } from './paint.ts';
import { drawPairing, type PairingPlace } from './pairing-view.ts';
import type { Picture, Surface } from './surface.ts';

const IDENTIFY_MS = 10_000;
/** How dark brightness 0 makes the picture: never so dark that the screen seems dead. */
const DIM_MAX = 0.7;

export interface ScreenViewOptions {
  readonly place: PairingPlace;
  readonly contentBase: string;
  /** Address of verified bytes that are here; null when they are not. */
  readonly addressOfFile: (sha256: string) => string | null;
  readonly onPainted: (deploymentIds: readonly number[]) => void;
  readonly onContentFailed: (deploymentId: number, reason: string) => void;
  /** The content of this alert was on glass for so long. */
  readonly onContentPlayed: (alert: Alert, playedMs: number) => void;
}

export class ScreenView implements Surface {
  readonly #options: ScreenViewOptions;
  readonly #stage = byId('stage');
  readonly #alerts: AlertView;
  readonly #paint: { request(): void };
  #picture: Picture | null = null;
  #identifying: ReturnType<typeof setTimeout> | null = null;

  constructor(options: ScreenViewOptions) {
    this.#options = options;
    this.#alerts = new AlertView(byId('alerts'), {
      contentBase: options.contentBase,
      addressOfFile: options.addressOfFile,
      volumePercent: () => this.#picture?.config.volume ?? 100,
      timeOf: (at) => {
        const { time, period } = localTime(Date.parse(at), this.#picture?.config.timezone);
        return `${time} ${period}`.trim();
      },
      onContentFailed: options.onContentFailed,
      onContentPlayed: options.onContentPlayed,
      onChanged: () => this.#paint.request(),
    });
    this.#paint = createPaintWatch(() => this.#alerts.onGlass(), options.onPainted);
    const observer = new ResizeObserver(() => this.#measure());
    observer.observe(this.#stage);
    observer.observe(byId('alerts'));
  }

  draw(picture: Picture): void {
    this.#picture = picture;
    const alerting = picture.alerts.length > 0;
    const playing = picture.signage.isPlaying;
    if (document.body.dataset['phase'] !== picture.phase) document.body.dataset['phase'] = picture.phase;
    this.#stage.toggleAttribute('data-alerting', alerting);
    this.#stage.toggleAttribute('data-playing', playing);
    const badge = picture.pairing !== null && picture.pairing.code !== null && (alerting || playing);
    this.#stage.toggleAttribute('data-aside', badge || (alerting && !byId('identify').hidden));
    this.#configure(picture);
    drawPairing(picture.pairing, this.#options.place, alerting || playing);
    drawIdle(picture);
    setText(byId('corner-name'), picture.name);
    byId('dot').setAttribute('aria-label', `Connection: ${picture.phase}`);
    this.#alerts.show(picture.alerts);
    this.#drawDiagnostics();
  }

  watchPaint(): void {
    this.#paint.request();
  }

  async identify(title: string, detail: string): Promise<void> {
    const panel = byId('identify');
    panel.replaceChildren(element('div', 'name', title), element('div', 'detail', detail));
    panel.hidden = false;
    if (this.#picture !== null) this.draw(this.#picture);
    this.#fitIdentify();
    if (this.#identifying !== null) clearTimeout(this.#identifying);
    this.#identifying = setTimeout(() => {
      panel.hidden = true;
    }, IDENTIFY_MS);
    await new Promise<void>((resolve) =>
      createPaintWatch(
        () => undefined,
        () => resolve(),
      ).request(),
    );
  }

  async screenshot(): Promise<Blob> {
    return takeScreenshot(document.body, this.size());
  }

  size(): { readonly width: number; readonly height: number } {
    return { width: Math.round(innerWidth * devicePixelRatio), height: Math.round(innerHeight * devicePixelRatio) };
  }

  toggleDiagnostics(): void {
    const panel = byId('diagnostics');
    panel.hidden = !panel.hidden;
    this.#drawDiagnostics();
  }

  /** Brightness is for the pleasant; an alert is as bright as the screen can be. */
  #configure({ config, alerts }: Picture): void {
    this.#stage.dataset['orientation'] = config.orientation ?? 'landscape';
    this.#stage.dataset['power'] = config.power ?? 'on';
    const brightness = alerts.length > 0 ? 100 : (config.brightness ?? 100);
    byId('dimmer').style.opacity = (DIM_MAX * (1 - brightness / 100)).toFixed(2);
  }

  #measure(): void {
    this.#stage.dataset['shape'] = this.#stage.offsetHeight > this.#stage.offsetWidth ? 'portrait' : 'landscape';
    this.#alerts.refit();
    this.#fitIdentify();
  }

  /** The name as large as it can be read from afar; a line at the edge when an alert has the screen. */
  #fitIdentify(): void {
    const panel = byId('identify');
    const name = panel.querySelector<HTMLElement>('.name');
    if (name === null || panel.hidden) return;
    const { clientWidth: width, clientHeight: height } = this.#stage;
    const aside = this.#stage.hasAttribute('data-alerting');
    largestFit(16, aside ? Math.min(width, height) * 0.05 : Math.min(width * 0.14, height * 0.3), (px) => {
      name.style.fontSize = `${px}px`;
      return name.offsetHeight <= height * 0.6 && name.scrollWidth <= width * 0.86;
    });
  }

  #drawDiagnostics(): void {
    const panel = byId('diagnostics');
    if (panel.hidden || this.#picture === null) return;
    const list = element('dl', '');
    for (const [name, value] of this.#picture.diagnostics())
      list.append(element('dt', '', name), element('dd', '', value));
    panel.replaceChildren(list);
  }
}
