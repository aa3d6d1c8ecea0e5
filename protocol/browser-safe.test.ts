/** What a player runs must load in a browser or a WebView: no Node modules and no libraries (but one for time zones), directly or through another file. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** What a file imports at run time; `import type` is erased. */
function runtimeImports(file: string): string[] {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8');
  return [...source.matchAll(/^(?:import(?! type)|export)[^;]*? from '([^']+)';/gm)].map((match) => match[1]!);
}

function reached(file: string, seen: Set<string> = new Set()): Set<string> {
  for (const name of runtimeImports(file)) {
    if (seen.has(name)) continue;
    seen.add(name);
    if (name.startsWith('./')) reached(name, seen);
  }
  return seen;
}

test.each([
  './screen.ts',
  './saved-screen.ts',
  './server-clock.ts',
  './reconnect.ts',
  './close-codes.ts',
  './zone-playlist.ts',
])('%s', (file) => {
  expect([...reached(file)].filter((name) => !name.startsWith('./'))).toEqual([]);
});

test.each(['./schedule-timing.ts', './schedule-choice.ts'])('%s reaches the time zones and nothing else', (file) => {
  const libraries = [...reached(file)].filter((name) => !name.startsWith('./'));
  expect(libraries).toEqual(['temporal-polyfill/fns/ZonedDateTime']);
});

test('control: the codec does reach libraries, and the search sees it', () => {
  expect([...reached('./codec.ts')]).toEqual(expect.arrayContaining(['msgpackr', 'typebox', 'typebox/compile']));
});
