/**
 * The house rules that need no syntax tree: file names, words that must not stay, places that exist on one machine only,
 * documents and invariants that are cited. Patterns are written so that they do not match themselves.
 */
import type { RepositoryFile } from './repository.ts';
import type { Finding } from './source-rules.ts';

type TextRule = 'unfinished' | 'machine-path' | 'registry-host' | 'missing-document';

/** Names that tools or customs fix. */
const FIXED_NAMES =
  /(^|\/)(README[.]md|LICENSE|CHANGELOG[.]md|CONTRIBUTING[.]md|SECURITY[.]md|Dockerfile|[.][a-z][^/]*)$/;
const KEBAB_SEGMENT = /^[a-z0-9]+(-[a-z0-9]+)*([.][a-z0-9]+(-[a-z0-9]+)*)*$/;
const DRAWERS = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'types',
  'index',
  'misc',
  'common',
  'shared',
  'lib',
  'stuff',
]);
const CODE = /[.](ts|tsx|js|mjs|cjs)$/;

/** Inspects a path: kebab-case throughout, and named for the one thing inside. */
export function inspectName(path: string): Finding[] {
  const findings: Finding[] = [];
  const segments = path.split('/').filter((segment) => !segment.startsWith('.'));
  const free = FIXED_NAMES.test(path) ? segments.slice(0, -1) : segments;
  if (!free.every((segment) => KEBAB_SEGMENT.test(segment))) findings.push({ rule: 'kebab-case', where: path });
  const folders = CODE.test(path) ? segments : segments.slice(0, -1);
  if (folders.some((segment) => DRAWERS.has(segment.split('.')[0] ?? '')))
    findings.push({ rule: 'drawer', where: path });
  return findings;
}

const LINE_RULES: readonly { rule: TextRule; pattern: RegExp; what: string }[] = [
  { rule: 'unfinished', pattern: /\b(TO[D]O|FIX[M]E|X[X]X)\b/, what: 'left unfinished' },
  { rule: 'machine-path', pattern: /(?<![\w.:/-])\/(?:home|Users|root|work|tmp)\/[\w.-]+/, what: "one machine's path" },
  { rule: 'machine-path', pattern: /\b[A-Z]:\\Users\\/, what: "one machine's path" },
  {
    rule: 'registry-host',
    pattern: /\bregistry[.][\w-]+[.](?:org|com|net|io|dev|internal|local)\b|artifact[o]ry|_auth[T]oken/,
    what: "a package registry's host",
  },
];
const DOCUMENT = /(?:[\w-]+\/)*\w[\w-]*[.]md\b/g;

function documentExists(cited: string, paths: ReadonlySet<string>): boolean {
  return [...paths].some((path) => path === cited || path.endsWith(`/${cited}`));
}

/** Inspects a text line by line. A document that is cited must be in the repository; README.md may come last. */
export function inspectText({ path, text }: RepositoryFile, paths: ReadonlySet<string>): Finding[] {
  const findings: Finding[] = [];
  text.split('\n').forEach((line, at) => {
    const where = `${path}:${at + 1}`;
    for (const { rule, pattern, what } of LINE_RULES) {
      const [match] = pattern.exec(line) ?? [];
      if (match !== undefined) findings.push({ rule, where: `${where} ${what}: ${match}` });
    }
    for (const [cited] of line.matchAll(DOCUMENT)) {
      if (cited !== 'README.md' && !documentExists(cited, paths)) {
        findings.push({ rule: 'missing-document', where: `${where} ${cited}` });
      }
    }
  });
  return findings;
}

const DECISION_LINES_MAX = 40;
const DECISION_PARTS = ['## Context', '## Decision', '## Rejected', '## Consequences'];

/** Inspects the decisions: numbered without a gap, short, with every part, naming what was rejected. */
export function inspectDecisions(decisions: readonly RepositoryFile[]): Finding[] {
  return decisions.flatMap(({ path, text }, at) => {
    const lines = text.trimEnd().split('\n');
    const number = String(at + 1).padStart(4, '0');
    const faults: string[] = [];
    if (!path.startsWith(`docs/decisions/${number}-`)) faults.push(`is not number ${number}`);
    if (!lines[0]?.startsWith(`# ${at + 1}. `)) faults.push('is not titled with its number');
    if (lines.length > DECISION_LINES_MAX) faults.push(`has ${lines.length} lines`);
    for (const part of DECISION_PARTS) if (!lines.includes(part)) faults.push(`has no part "${part}"`);
    if (!/^## Rejected\n\n- \*\*/m.test(text)) faults.push('rejects nothing');
    return faults.map((fault) => ({ rule: 'decision', where: `${path} ${fault}` }));
  });
}

const CITATION = /\[INV-(\d+)\]/g;

/** The invariants cited as `[INV-n]`. */
export function citedInvariants(text: string): number[] {
  return [...text.matchAll(CITATION)].map(([, number]) => Number(number));
}

/** The invariants that README lists: the numbered items (or `[INV-n]` marks) under a heading that says "Invariants". */
export function listedInvariants(readme: string): number[] {
  const [, section = ''] = readme.split(/^#+ .*invariants.*$/im);
  const [own = ''] = section.split(/^#+ /m);
  const numbered = [...own.matchAll(/^(?:\| *)?(?:[-*] +)?(?:\*\*)?(?:\[?INV-)?(\d+)(?:\]|[.)]| *\||\*\*|:)/gm)];
  return numbered.map(([, number]) => Number(number));
}

/** What is wrong between the invariants README lists, those the code cites and those that a test is named after. */
export function invariantFindings(
  listed: readonly number[],
  cited: readonly { path: string; number: number }[],
  tested: readonly number[],
): Finding[] {
  return [
    ...cited
      .filter(({ number }) => !listed.includes(number))
      .map(({ path, number }) => ({
        rule: 'invariant',
        where: `${path} cites [INV-${number}], which README does not list`,
      })),
    ...listed
      .filter((number) => !tested.includes(number))
      .map((number) => ({ rule: 'invariant', where: `no test is named after [INV-${number}]` })),
  ];
}
