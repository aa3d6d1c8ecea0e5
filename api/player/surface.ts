/** What the player shows, as data: the player decides it, the page draws it. */
import type { Alert, Config } from '../../protocol/desired-state.ts';
import type { SignagePicture } from './signage-words.ts';

/** `pairing`: waits for an operator. `online`: by socket. `fallback`: by HTTP heartbeats. `offline`: no way to the hub now. */
export type Phase = 'pairing' | 'online' | 'fallback' | 'offline';

export interface PairingPicture {
  /** `XXXX-XXXX`; null while the hub has not given one. */
  readonly code: string | null;
  readonly note: string;
}

export interface Picture {
  readonly phase: Phase;
  /** The alerts to show, the most important first. */
  readonly alerts: readonly Alert[];
  /** The hub's time, or the device's own while that is not known, in epoch milliseconds. */
  readonly nowMs: number;
  readonly config: Config;
  readonly name: string;
  readonly signage: SignagePicture;
  readonly pairing: PairingPicture | null;
  /** Names and values for the technician in front of the screen; made when he wants to see them. */
  readonly diagnostics: () => readonly (readonly [string, string])[];
}

/** The page, as the player uses it. */
export interface Surface {
  /** Shows exactly this. What is painted is reported to the player's `painted`. */
  draw(picture: Picture): void;
  /** Reports what is on glass after the next frame, even if nothing changes. */
  watchPaint(): void;
  /** Shows who this screen is; resolves once that is on glass. */
  identify(title: string, detail: string): Promise<void>;
  /** What is on glass, as a picture. */
  screenshot(): Promise<Blob>;
  /** Size of the picture in pixels. */
  size(): { readonly width: number; readonly height: number };
}

/** What only the page's owner can do. */
export interface PageActs {
  reload(): void;
}
