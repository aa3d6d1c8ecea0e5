/**
 * What happened to this player, line by line, for the technician in front of it and for `upload_logs`. Nothing secret is ever
 * written here: who writes names things, never credentials or addresses with signatures.
 */
import type { KeyValue } from './key-value.ts';

/** Lines kept. Past it: the oldest goes. */
export const DIARY_LINES_MAX = 400;
const LINE_MAX = 240;

export class Diary {
  readonly #keyValue: KeyValue;
  readonly #key: string;
  readonly #wallMs: () => number;
  #lines: string[];

  constructor(keyValue: KeyValue, scope: string, wallMs: () => number) {
    this.#keyValue = keyValue;
    this.#key = `${scope}:diary`;
    this.#wallMs = wallMs;
    this.#lines = (keyValue.get(this.#key) ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .slice(-DIARY_LINES_MAX);
  }

  /** Adds a line; the same again right after itself says nothing new and is left out. */
  note(what: string): void {
    const text = what.replaceAll(/[\p{Cc}]+/gu, ' ').slice(0, LINE_MAX);
    if (this.#lines.at(-1)?.endsWith(` ${text}`) === true) return;
    this.#lines = [...this.#lines, `${new Date(this.#wallMs()).toISOString()} ${text}`].slice(-DIARY_LINES_MAX);
    this.#keyValue.set(this.#key, this.#lines.join('\n'));
  }

  /** The newest lines, the newest last. */
  last(count: number): readonly string[] {
    return this.#lines.slice(-count);
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}
