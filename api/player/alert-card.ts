/** The elements of one alert: the large card, and the strip it becomes while a graver one is large. */
import type { Alert, Severity } from '../../protocol/desired-state.ts';
import { element } from './elements.ts';
import { largestFit, shouldBreakWords } from './fit-text.ts';
import { severityIcon } from './severity-icon.ts';

const WORDS: Readonly<Record<Severity, string>> = { critical: 'Emergency', warning: 'Warning', info: 'Notice' };

/** Pixels per second at which text that does not fit moves past. */
const SCROLL_PX_PER_SECOND = 60;
/** Share of a scrolling animation that moves; the rest is a pause at both ends (alerts.css). */
const MOVING_SHARE = 0.8;

export function alertMain(alert: Alert, since: string, media: HTMLElement | null): HTMLElement {
  const card = element('article', 'alert alert-main');
  mark(card, alert);
  if (alert.drill) card.append(drillBand());
  const head = element(
    'header',
    'alert-head',
    severityIcon(alert.severity),
    element('span', '', WORDS[alert.severity]),
  );
  head.append(element('span', 'since', since));
  const words = element('div', 'alert-words', directed('title', alert.title));
  if (alert.message !== '') words.append(directed('message', alert.message));
  const body = element('div', 'alert-body', element('div', 'alert-text', words));
  if (media !== null) body.append(element('div', 'alert-media', media));
  card.append(head, body);
  if (alert.drill) card.append(drillBand());
  return card;
}

export function alertStrip(alert: Alert): HTMLElement {
  const strip = element('article', 'alert alert-strip');
  mark(strip, alert);
  strip.append(severityIcon(alert.severity));
  if (alert.drill) strip.append(element('span', 'drill-mark', 'DRILL'));
  const text = directed('', alert.message.replaceAll(/\s+/g, ' '));
  strip.append(directed('title', alert.title), element('div', 'ticker', text));
  return strip;
}

/** Finds the size at which the card's text fills its room; below the smallest readable size it scrolls instead. */
export function fitMain(card: HTMLElement): void {
  const box = card.querySelector<HTMLElement>('.alert-text');
  const words = card.querySelector<HTMLElement>('.alert-words');
  if (box === null || words === null) throw new Error('a large alert has a text');
  box.removeAttribute('data-scroll');
  const { clientWidth: width, clientHeight: height } = box;
  if (width === 0 || height === 0) return;
  const minPx = Math.max(11, Math.round(Math.min(width, height) * 0.021));
  const maxPx = Math.max(minPx, Math.min(height * 0.21, width * 0.12));
  const fits = (px: number): boolean => {
    box.style.fontSize = `${px}px`;
    return words.offsetHeight <= height && words.scrollWidth <= width;
  };
  box.removeAttribute('data-break');
  const whole = largestFit(minPx, maxPx, fits);
  box.setAttribute('data-break', '');
  const broken = largestFit(minPx, maxPx, fits);
  const chosen = shouldBreakWords(whole, broken) ? broken : whole;
  box.toggleAttribute('data-break', chosen === broken);
  box.style.fontSize = `${chosen.px}px`;
  if (!chosen.fits) scroll(box, words.offsetHeight - height);
}

/** Sets the strip's message moving when it is longer than the strip. */
export function fitStrip(strip: HTMLElement): void {
  const ticker = strip.querySelector<HTMLElement>('.ticker');
  if (ticker === null) throw new Error('a strip has a ticker');
  ticker.removeAttribute('data-scroll');
  const surplus = ticker.scrollWidth - ticker.clientWidth;
  if (surplus > 0) scroll(ticker, surplus);
}

function scroll(target: HTMLElement, surplusPx: number): void {
  target.setAttribute('data-scroll', '');
  target.style.setProperty('--scroll-px', `${surplusPx}px`);
  target.style.setProperty('--scroll-seconds', `${Math.max(6, surplusPx / SCROLL_PX_PER_SECOND / MOVING_SHARE)}s`);
}

function mark(card: HTMLElement, alert: Alert): void {
  card.dataset['deploymentId'] = String(alert.deploymentId);
  card.dataset['severity'] = alert.severity;
  card.toggleAttribute('data-drill', alert.drill);
}

/** Text in the direction of its own language. */
function directed(className: string, text: string): HTMLElement {
  const node = element(className === '' ? 'span' : 'div', className, text);
  node.setAttribute('dir', 'auto');
  return node;
}

function drillBand(): HTMLElement {
  return element('div', 'drill-band', element('b', '', 'DRILL · THIS IS AN EXERCISE'));
}
