/** The pairing code: a whole page when there is nothing else to show, a badge at the edge when there is. */
import { byId, element, setText } from './elements.ts';
import type { PairingPicture } from './surface.ts';

const WAITING = 'Looking for the hub…';

/** Where the operator goes to enter the code, and who this is: fixed while the page lives. */
export interface PairingPlace {
  /** Without its scheme: a person types it. */
  readonly consoleAddress: string;
  readonly playerId: string;
}

export function drawPairing(picture: PairingPicture | null, place: PairingPlace, isBusy: boolean): void {
  byId('pairing').hidden = picture === null || isBusy;
  byId('pairing-badge').hidden = picture === null || picture.code === null || !isBusy;
  if (picture === null) return;
  drawCode(byId('pairing-code'), picture.code, !isBusy);
  drawBadge(byId('pairing-badge'), picture, isBusy);
  setText(byId('pairing-console'), place.consoleAddress);
  setText(byId('pairing-note'), picture.note);
  setText(byId('pairing-player'), `Player ${place.playerId}`);
}

function drawCode(target: HTMLElement, code: string | null, visible: boolean): void {
  target.toggleAttribute('data-waiting', code === null);
  if (visible) target.dataset['testid'] = 'pairing-code';
  else delete target.dataset['testid'];
  if (target.textContent === (code ?? WAITING)) return;
  if (code === null) {
    target.replaceChildren(WAITING);
    return;
  }
  // The dash is drawn by the sheet, so that in a portrait the halves may stand over each other; text keeps it for readers.
  const [left = '', right = ''] = code.split('-');
  const dash = element('span', 'dash', element('span', 'dash-text', '-'));
  target.replaceChildren(element('span', '', left), dash, element('span', '', right));
}

function drawBadge(badge: HTMLElement, picture: PairingPicture, visible: boolean): void {
  const code = element('b', '', picture.code ?? '');
  if (visible) code.dataset['testid'] = 'pairing-code';
  if (badge.textContent !== `Pair this screen${picture.code ?? ''}` || visible !== badge.hasAttribute('data-visible')) {
    badge.toggleAttribute('data-visible', visible);
    badge.replaceChildren(element('span', '', 'Pair this screen'), code);
  }
}
