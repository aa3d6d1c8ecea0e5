/** Longest `osVersion` and `appVersion` that a status may carry (protocol/up.ts). */
const LABEL_MAX = 64;
/** The most telling first: every browser claims to be several others. */
const ENGINES = [/(Firefox)\/(\d+)/, /(Edg)\/(\d+)/, /(Chrome)\/(\d+)/, /Version\/\d.*(Safari)\/(\d+)/];

/** What a browser says of its system and itself, short enough for a status: `Linux; Android 13; SM-T510 · Chrome 156`. */
export function describeBrowser(userAgent: string): string {
  const system = /\(([^)]*)\)/.exec(userAgent)?.[1] ?? 'unknown system';
  const engine = ENGINES.map((pattern) => pattern.exec(userAgent)).find((match) => match !== null);
  const name = engine === undefined ? '' : ` · ${engine[1]} ${engine[2]}`;
  return system.slice(0, LABEL_MAX - name.length) + name;
}
