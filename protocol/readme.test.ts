/** README.md is a contract, too: its tables and examples are what the code says, both ways. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CLOSE_CODES, CLOSE_RANGES } from './close-codes.ts';
import { COMMAND_NAMES, SEVERITIES } from './desired-state.ts';
import { DOWN_SCHEMAS } from './down.ts';
import { ERROR_STATUS } from './errors.ts';
import { REFUSALS } from './frame-refusal.ts';
import { GOLDEN_DOWN, GOLDEN_HTTP, GOLDEN_UP, kebab } from './golden-frames.ts';
import { HTTP_CALLS } from './http-calls.ts';
import * as limits from './limits.ts';
import { RECEIPT_STAGES, UP_SCHEMAS } from './up.ts';
import { BEARER_SUBPROTOCOL_PREFIX, SUBPROTOCOLS } from './version.ts';

const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8');

/** The rows of the one table under a header, its cells without backticks. */
function table(header: string): string[][] {
  const places = readme.split(`${header}\n`);
  expect(places, `one table under ${header}`).toHaveLength(2);
  const lines = places[1]!.split('\n').slice(1);
  const rows = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('|')),
  );
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

describe('tables', () => {
  test('close ranges', () => {
    const wanted = CLOSE_RANGES.map(({ from, to, meaning, action }) => [`${from}-${to}`, meaning, action]);
    expect(table('| range | do | name in `close-codes.ts` |')).toEqual(wanted);
  });

  test('close codes', () => {
    const rows = table('| code | name | reason | for you |').map(([code, name, reason]) => [
      Number(code),
      name,
      reason,
    ]);
    expect(rows).toEqual(Object.entries(CLOSE_CODES).map(([name, { code, reason }]) => [code, name, reason]));
  });

  test('limits', () => {
    const rows = table('| name | value | unit | past it |').map(([name, value]) => [name, Number(value)]);
    expect(Object.fromEntries(rows)).toEqual({ ...limits });
    expect(rows).toHaveLength(Object.keys(limits).length);
  });

  test('error codes', () => {
    const rows = table('| code | status | for you |').map(([code, status]) => [code, Number(status)]);
    expect(rows).toEqual(Object.entries(ERROR_STATUS));
  });

  test('reasons of refusal', () => {
    expect(table('| name | meaning |')).toEqual(Object.entries(REFUSALS));
  });

  test('frames of both directions', () => {
    expect(table('| type | when |').map(([type]) => type)).toEqual(Object.keys(UP_SCHEMAS));
    expect(table('| type | what to do |').map(([type]) => type)).toEqual(Object.keys(DOWN_SCHEMAS));
  });

  test('receipt stages', () => {
    expect(table('| stage | send it when | not before |').map(([stage]) => stage)).toEqual([...RECEIPT_STAGES]);
  });
});

describe('examples', () => {
  const golden: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    up: GOLDEN_UP,
    down: GOLDEN_DOWN,
    http: Object.fromEntries(Object.entries(GOLDEN_HTTP).map(([name, body]) => [kebab(name), body])),
  };
  const examples = [...readme.matchAll(/^```json (up|down|http)\.([\w.-]+)\n([\s\S]*?)^```$/gm)];

  test.each(examples.map(([, direction, name, text]) => [`${direction}.${name}`, direction!, name!, text!]))(
    '%s',
    (_label, direction, name, text) => {
      expect(JSON.parse(text)).toEqual(golden[direction]?.[name]);
    },
  );

  test('every frame has one', () => {
    const types = examples.map(([, , , text]) => (JSON.parse(text!) as { type?: string }).type);
    expect(types).toEqual(expect.arrayContaining([...Object.keys(UP_SCHEMAS), ...Object.keys(DOWN_SCHEMAS)]));
  });

  test('every curl body that is written out is valid JSON', () => {
    const bodies = [...readme.matchAll(/-d '(\{.*\})'/g)].map((match) => match[1]!);
    expect(bodies.length).toBeGreaterThanOrEqual(5);
    for (const body of bodies) expect(() => JSON.parse(body) as unknown).not.toThrow();
  });
});

test('every command, severity, subprotocol and HTTP path is named', () => {
  const paths = HTTP_CALLS.map((call) => call.path.replace('{commandId}', '88'));
  const names = [...COMMAND_NAMES, ...SEVERITIES].map((name) => `\`${name}\``);
  for (const word of [...names, ...SUBPROTOCOLS, ...paths, BEARER_SUBPROTOCOL_PREFIX]) expect(readme).toContain(word);
});
