import { expect, test } from 'vitest';
import { ensurePrograms, findProgram, type NeededProgram } from './install-servers.ts';

const absent: NeededProgram = {
  program: 'podoh-has-no-such-program',
  debianPackage: 'no-such-package',
  suites: 'the suites of nothing',
};
const present: NeededProgram = { program: 'sh', debianPackage: 'dash', suites: 'everything' };

test('a program is found where it is, and nowhere else', () => {
  expect(findProgram('sh')).toMatch(/\/sh$/);
  expect(findProgram(absent.program)).toBeNull();
});

test('nothing is said when nothing is missing', () => {
  const lines: string[] = [];
  expect(ensurePrograms({ needed: [present], mayInstall: false, isCi: true, say: (line) => lines.push(line) })).toEqual(
    [],
  );
  expect(lines).toEqual([]);
});

test('what cannot be installed is skipped by name', () => {
  const lines: string[] = [];
  const missing = ensurePrograms({
    needed: [present, absent],
    mayInstall: false,
    isCi: false,
    say: (line) => lines.push(line),
  });
  expect(missing).toEqual([absent]);
  expect(lines[0]).toMatch(/^SKIPPED: the suites of nothing, because podoh-has-no-such-program is not installed/);
  expect(lines[1]).toMatch(/no-such-package/);
});

test('in CI it fails the run', () => {
  expect(() => ensurePrograms({ needed: [absent], mayInstall: false, isCi: true, say: () => undefined })).toThrow(
    /this is CI: no-such-package/,
  );
});
