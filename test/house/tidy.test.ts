/** Reads the source and holds it to the house rules. Every rule has a control: a bad snippet that it must catch. */
import { describe, expect, it } from 'vitest';
import { repositoryFiles, repositoryPaths } from './repository.ts';
import { inspectSource, type Finding, type SourceRule } from './source-rules.ts';
import {
  citedInvariants,
  inspectDecisions,
  inspectName,
  inspectText,
  invariantFindings,
  listedInvariants,
} from './text-rules.ts';

/** The numbered promises of the design; README lists them, and each is the name of a test. */
const INVARIANTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

const paths = repositoryPaths();
const files = repositoryFiles();
const sources = files.filter(({ path }) => /[.]tsx?$/.test(path)).map((file) => ({ ...file, ...inspectSource(file) }));

function only(rule: string, findings: readonly Finding[]): string[] {
  return findings.filter((finding) => finding.rule === rule).map(({ where }) => where);
}

describe('the source is tidy', () => {
  const sourceFindings = sources.flatMap(({ findings }) => findings);
  const nameFindings = paths.flatMap(inspectName);
  const textFindings = files.flatMap((file) => inspectText(file, new Set(paths)));

  it('is really read', () => {
    expect(sources.length).toBeGreaterThan(20);
    for (const path of ['hub/core/ports.ts', 'protocol/up.ts', 'migrations/tables.ts', 'test/house/tidy.test.ts']) {
      expect(sources.map((source) => source.path)).toContain(path);
    }
  });

  it.each<SourceRule>([
    'file-size',
    'function-size',
    'impure',
    'environment',
    'empty-catch',
    'test-left-out',
    'unnamed-columns',
    'text-in-markup',
  ])('has no finding of rule %s', (rule) => {
    expect(only(rule, sourceFindings)).toEqual([]);
  });

  it.each(['kebab-case', 'drawer'])('has no file name against rule %s', (rule) => {
    expect(only(rule, nameFindings)).toEqual([]);
  });

  it.each(['unfinished', 'machine-path', 'registry-host', 'missing-document'])(
    'has no text against rule %s',
    (rule) => {
      expect(only(rule, textFindings)).toEqual([]);
    },
  );

  it('has decisions that are numbered, short, and name what was rejected', () => {
    const decisions = files.filter(({ path }) => path.startsWith('docs/decisions/'));
    expect(decisions.length).toBeGreaterThan(10);
    expect(inspectDecisions(decisions)).toEqual([]);
  });

  it('cites invariants that exist, and tests every one', () => {
    const cited = sources.flatMap(({ path, text }) => citedInvariants(text).map((number) => ({ path, number })));
    const tested = sources.flatMap(({ testNames }) => testNames.flatMap(citedInvariants));
    const readme = files.find(({ path }) => path === 'README.md');
    if (readme === undefined) {
      // Until README lists them, the design's own numbers are the list, and what is not written yet is not missed.
      expect(invariantFindings(INVARIANTS, cited, INVARIANTS)).toEqual([]);
      return;
    }
    expect(listedInvariants(readme.text)).toEqual(INVARIANTS);
    expect(invariantFindings(INVARIANTS, cited, tested)).toEqual([]);
  });
});

/** A rule, where it looks, and what it reads there. */
type Snippet = readonly [rule: SourceRule, path: string, text: string];

const BAD_SOURCE: readonly Snippet[] = [
  ['file-size', 'hub/core/a.ts', 'export const a = 1;\n'.repeat(401)],
  ['file-size', 'hub/core/a.test.ts', 'it;\n'.repeat(501)],
  ['function-size', 'api/a.ts', `function a() {\n${'f();\n'.repeat(69)}}\n`],
  ['function-size', 'api/a.ts', `const a = () => {\n${'f();\n'.repeat(69)}};\n`],
  ['function-size', 'api/a.ts', `class A { m() {\n${'f();\n'.repeat(69)}} }\n`],
  ['function-size', 'api/a.ts', `const a = { m() {\n${'f();\n'.repeat(69)}} };\n`],
  ['function-size', 'api/a.test.ts', `describe('d', () => { it('i', () => {\n${'f();\n'.repeat(69)}}); });\n`],
  ['impure', 'hub/core/a.ts', 'const now = Date.now();'],
  ['impure', 'hub/core/a.ts', 'const now = new Date();'],
  ['impure', 'hub/core/a.ts', 'const now = Date();'],
  ['impure', 'hub/core/a.ts', 'const now = performance.now();'],
  ['impure', 'hub/core/a.ts', 'setTimeout(f, 1);'],
  ['impure', 'protocol/a.ts', 'const draw = Math.random;'],
  ['impure', 'protocol/a.ts', 'const id = crypto.randomUUID();'],
  ['impure', 'protocol/a.ts', "import { randomUUID as make } from 'node:crypto';"],
  ['impure', 'protocol/a.ts', "import { randomBytes } from 'node:crypto';"],
  ['environment', 'hub/server/a.ts', 'const port = process.env.PORT;'],
  ['environment', 'api/a.ts', "const port = process['env']['PORT'];"],
  ['environment', 'api/a.ts', 'const { env } = process;'],
  ['environment', 'api/a.test.ts', 'const all = globalThis.process.env;'],
  ['environment', 'migrations/a.ts', "import { env } from 'node:process';"],
  ['empty-catch', 'api/a.ts', 'try { f(); } catch {}'],
  ['empty-catch', 'api/a.ts', 'try { f(); } catch (error) { /* never mind */ }'],
  ['empty-catch', 'api/a.ts', 'await f().catch(() => {});'],
  ['empty-catch', 'test/a.ts', 'f()?.catch(function () {});'],
  ['test-left-out', 'api/a.test.ts', "it.only('a', f);"],
  ['test-left-out', 'api/a.test.ts', "describe.skip('a', f);"],
  ['test-left-out', 'api/a.test.ts', "it.todo('a');"],
  ['test-left-out', 'api/a.test.ts', "test.concurrent.skip.each([1])('a', f);"],
  ['test-left-out', 'api/a.test.ts', "it('a', (ctx) => ctx.skip());"],
  ['test-left-out', 'api/a.test.ts', "it('a', { retry: 3 }, f);"],
  ['test-left-out', 'vitest.config.ts', 'export default defineConfig({ test: { retry: 2 } });'],
  ['unnamed-columns', 'hub/store/a.ts', "db.selectFrom('changes').selectAll().execute();"],
  ['unnamed-columns', 'hub/store/a.ts', 'sql`select * from changes where rev > ${rev}`;'],
  ['unnamed-columns', 'api/a.ts', "query('SELECT d.* FROM devices d');"],
  ['text-in-markup', 'api/console/a.tsx', 'const a = <p>Save it</p>;'],
  ['text-in-markup', 'api/console/a.tsx', 'const a = <Button aria-label="Close" />;'],
  ['text-in-markup', 'api/console/a.tsx', 'const a = <TextInput label={`Name`} />;'],
];

const GOOD_SOURCE: readonly Snippet[] = [
  ['file-size', 'hub/core/a.ts', 'export const a = 1;\n'.repeat(400)],
  ['function-size', 'api/a.ts', `function a() {\n${'f();\n'.repeat(68)}}\n`],
  ['function-size', 'api/a.test.ts', `describe('d', () => {\n${"it('i', f);\n".repeat(90)}});\n`],
  ['impure', 'hub/core/a.ts', 'const at = new Date(now); const t = clock.now(); const d = Math.max(1, 2);'],
  ['impure', 'protocol/a.ts', "import { createHash } from 'node:crypto';"],
  ['impure', 'hub/server/a.ts', 'const now = Date.now();'],
  ['environment', 'hub/config.ts', 'const all = process.env;'],
  ['environment', 'api/a.ts', 'const text = "process.env"; const e = config.env;'],
  ['unnamed-columns', 'hub/store/a.ts', 'sql`select count(*), rev from changes`; db.select(["rev"]);'],
  ['unnamed-columns', 'hub/store/a.test.ts', "db.selectFrom('changes').selectAll();"],
  ['empty-catch', 'api/a.ts', 'try { f(); } catch (error) { log.warn({ error }); }'],
  ['text-in-markup', 'api/console/a.tsx', 'const a = <Text size="sm" label={texts.name}>{texts.save} · {at}</Text>;'],
  ['test-left-out', 'vitest.config.ts', 'export default defineConfig({ test: { retry: 0 } });'],
  ['test-left-out', 'api/a.test.ts', "it('a', { timeout: 5 }, f); queue.skip(3); it.each([1])('a', f);"],
];

function titled(snippets: readonly Snippet[]): [string, Snippet][] {
  return snippets.map((snippet) => {
    const [rule, path, text] = snippet;
    return [`${rule} in ${path}: ${text.replaceAll('\n', ' ').slice(0, 60)}`, snippet];
  });
}

describe('a control for every rule about the source', () => {
  it.each(titled(BAD_SOURCE))('catches %s', (_title, [rule, path, text]) => {
    expect(only(rule, inspectSource({ path, text }).findings)).not.toEqual([]);
  });

  it.each(titled(GOOD_SOURCE))('leaves alone %s', (_title, [rule, path, text]) => {
    expect(only(rule, inspectSource({ path, text }).findings)).toEqual([]);
  });

  it('gives the line, also after letters of several bytes', () => {
    const text = "const é = '日本語';\n\ntry { f(); } catch {}\n";
    expect(inspectSource({ path: 'api/a.ts', text }).findings.map(({ where }) => where)).toEqual([
      'api/a.ts:3 an error is swallowed',
    ]);
  });
});

/** A document that is not in this repository. */
const OTHER = ['b/other', 'md'].join('.');

describe('a control for every rule about names and texts', () => {
  it.each([
    ['kebab-case', 'hub/core/AlertLife.ts'],
    ['kebab-case', 'hub/core/alert_life.ts'],
    ['kebab-case', 'hub/Core/alert.ts'],
    ['drawer', 'api/utils.ts'],
    ['drawer', 'hub/core/index.ts'],
    ['drawer', 'api/types.test.ts'],
    ['drawer', 'api/helpers/pairing.ts'],
  ])('%s catches %s', (rule, path) => {
    expect(only(rule, inspectName(path))).toEqual([path]);
  });

  it.each([
    'README.md',
    'Dockerfile',
    'api/player/index.html',
    'migrations/steps/0001-first.ts',
    '.ci/run',
    'protocol/golden/alert.start.json',
  ])('lets %s be', (path) => {
    expect(inspectName(path)).toEqual([]);
  });

  it.each([
    ['unfinished', `// ${['TO', 'DO'].join('')}: later`],
    ['unfinished', `// ${['FIX', 'ME'].join('')}`],
    ['unfinished', `// ${['XX', 'X'].join('')}`],
    ['machine-path', `const a = '${['', 'home', 'jo', 'a'].join('/')}';`],
    ['machine-path', `cd ${['', 'work', 'main'].join('/')}`],
    ['machine-path', `const a = "${['', 'tmp', 'a'].join('/')}";`],
    ['registry-host', `fetch('https://${['registry', 'example', 'org'].join('.')}')`],
    ['missing-document', `see ${['plan', 'md'].join('.')} for it`],
  ])('%s catches %s', (rule, text) => {
    expect(only(rule, inspectText({ path: 'a.ts', text }, new Set([OTHER])))).not.toEqual([]);
  });

  it('lets pairing codes, URLs, globs and documents that exist be', () => {
    const text = `XXXX-XXXX https://example.org/home/page **/*.md ${OTHER} os.tmpdir()`;
    expect(inspectText({ path: 'a.ts', text }, new Set([`docs/${OTHER}`]))).toEqual([]);
  });

  it('catches a decision that is out of order, long, or rejects nothing', () => {
    const good = '# 1. A\n\n## Context\n\na\n\n## Decision\n\nb\n\n## Rejected\n\n- **C.** d\n\n## Consequences\n\ne\n';
    const path = 'docs/decisions/0001-a';
    expect(inspectDecisions([{ path, text: good }])).toEqual([]);
    const faults = [
      [path, good.replace('# 1.', '# 2.')],
      ['docs/decisions/0002-a', good],
      [path, `${good}${'f\n'.repeat(40)}`],
      [path, good.replace('## Context', 'Context')],
      [path, good.replace('- **C.** d', 'none')],
    ] as const;
    for (const [at, text] of faults) expect(inspectDecisions([{ path: at, text }])).toHaveLength(1);
  });

  it('reads the invariants that a README lists, however it writes the list', () => {
    for (const item of [
      '1. Convergence',
      '- **[INV-1]** Convergence',
      '| 1 | Convergence |',
      '| INV-1 | Convergence |',
    ]) {
      const second = item.replaceAll('1', '2');
      expect(listedInvariants(`# A\n\n1. no\n\n## Invariants\n\n${item}\n${second}\n\n## Limits\n\n9. no\n`)).toEqual([
        1, 2,
      ]);
    }
  });

  it('misses an invariant that is not listed, and one that no test is named after', () => {
    const { testNames } = inspectSource({
      path: 'a.test.ts',
      text: 'it.each([1])(`[INV-1] ${x} holds`, f); it(name, f);',
    });
    expect(testNames.flatMap(citedInvariants)).toEqual([1]);
    expect(invariantFindings([1, 2], [{ path: 'a.ts', number: 3 }], [1]).map(({ where }) => where)).toEqual([
      'a.ts cites [INV-3], which README does not list',
      'no test is named after [INV-2]',
    ]);
  });
});
