/**
 * When has the eye seen it? A callback of requestAnimationFrame runs before a frame is made, the next one after that frame
 * was handed to the compositor: between the two, what was in the document at the first has been painted. A hidden
 * document paints nothing, so the wait begins again when it is shown.
 */

/**
 * Calls `painted` with what `capture` gave just before a frame, once that frame is on glass. Only the newest request of a
 * watcher counts: an older one that has not been answered is covered by it.
 */
export function createPaintWatch<T>(capture: () => T, painted: (captured: T) => void): { request(): void } {
  let generation = 0;
  function request(): void {
    generation += 1;
    const mine = generation;
    requestAnimationFrame(() => {
      if (mine !== generation) return;
      const captured = capture();
      requestAnimationFrame(() => {
        if (document.visibilityState === 'hidden') {
          document.addEventListener('visibilitychange', request, { once: true });
          return;
        }
        painted(captured);
      });
    });
  }
  return { request };
}
