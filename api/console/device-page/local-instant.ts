/** Instants as a `datetime-local` field wants them: the viewer's wall clock, to the minute. Pure. */

/** `YYYY-MM-DDTHH:MM` of an instant. */
export function localOf(iso: string): string {
  const at = new Date(iso);
  const two = (part: number): string => String(part).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The instant of such a text; null when it is none, as while somebody types. */
export function instantOf(local: string): string | null {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
