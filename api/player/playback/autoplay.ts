/** Starts a video. Autoplay with sound is a right that kiosks grant and browsers refuse: where it is refused, the picture plays without. */

import { mediaErrorWords } from './slide.ts';

/** Resolves when it plays or was stopped meanwhile, with null; with a reason when this browser will not play it. */
export async function tryToPlay(video: HTMLVideoElement): Promise<string | null> {
  try {
    await video.play();
    return null;
  } catch (cause) {
    const name = cause instanceof DOMException ? cause.name : '';
    if (name === 'AbortError') return null;
    if (name !== 'NotAllowedError') return mediaErrorWords(video);
    if (video.muted) return 'this browser does not let videos play by themselves';
    video.dataset['soundRefused'] = '';
    video.muted = true;
    return tryToPlay(video);
  }
}
