/** The house rules that need a syntax tree: sizes, purity of the core, one reader of the environment, honest tests. */
import { isTestCode, type RepositoryFile } from './repository.ts';
import {
  argumentsOf,
  calledMember,
  literalText,
  memberOf,
  nameOf,
  nodeOf,
  nodesOf,
  parseTypeScript,
  rootName,
  statementsOf,
  walk,
  type SyntaxNode,
} from './syntax-tree.ts';

const FILE_LINES_MAX = 400;
const TEST_FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;

export type SourceRule =
  | 'file-size'
  | 'function-size'
  | 'impure'
  | 'environment'
  | 'empty-catch'
  | 'test-left-out'
  | 'unnamed-columns'
  | 'text-in-markup';

export interface Finding {
  readonly rule: string;
  /** `path:line what` */
  readonly where: string;
}

export interface SourceReport {
  readonly findings: readonly Finding[];
  /** Names of the tests and suites in the file. */
  readonly testNames: readonly string[];
}

const FUNCTIONS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'PrivateMethod',
  'Constructor',
  'MethodProperty',
  'GetterProperty',
  'SetterProperty',
]);
const TEST_CALL = /^(it|test|describe\w*|suite|bench)$/;

function isTestCall(statement: SyntaxNode): boolean {
  const expression = statement.type === 'ExpressionStatement' ? nodeOf(statement['expression']) : null;
  return expression?.type === 'CallExpression' && TEST_CALL.test(rootName(expression['callee']) ?? '');
}

/** A function that only holds tests is a chapter, not a function. */
function isSuite(fn: SyntaxNode): boolean {
  return statementsOf(fn)?.some(isTestCall) ?? false;
}

/** What reads the clock, draws a random number or makes an id, and how it is called in a report. */
const IMPURE_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Date: ['now'],
  performance: ['now', 'timeOrigin'],
  Math: ['random'],
  crypto: ['randomUUID', 'getRandomValues'],
  process: ['hrtime', 'uptime'],
};
const IMPURE_IMPORTS = new Set([
  'randomUUID',
  'randomBytes',
  'randomInt',
  'getRandomValues',
  'webcrypto',
  'performance',
]);
const IMPURE_CALLS = new Set(['Date', 'setTimeout', 'setInterval', 'setImmediate', 'fetch']);

function impurity(node: SyntaxNode): string | null {
  const member = memberOf(node);
  if (member !== null) {
    const object = nameOf(member.object);
    return object !== null && IMPURE_MEMBERS[object]?.includes(member.property) ? `${object}.${member.property}` : null;
  }
  if (node.type === 'NewExpression' && nameOf(node['callee']) === 'Date' && argumentsOf(node).length === 0) {
    return 'new Date()';
  }
  if (node.type === 'CallExpression') {
    const callee = nameOf(node['callee']);
    return callee !== null && IMPURE_CALLS.has(callee) ? `${callee}()` : null;
  }
  if (node.type === 'ImportDeclaration' && (nameOf(node['source']) ?? '').startsWith('node:')) {
    const names = nodesOf(node['specifiers']).map((item) => nameOf(item['imported']) ?? nameOf(item['local']) ?? '');
    return names.find((name) => IMPURE_IMPORTS.has(name)) ?? null;
  }
  return null;
}

function isProcess(value: unknown): boolean {
  const node = nodeOf(value);
  if (node === null) return false;
  return nameOf(node) === 'process' || memberOf(node)?.property === 'process';
}

function readsEnvironment(node: SyntaxNode): boolean {
  const member = memberOf(node);
  if (member !== null) return member.property === 'env' && isProcess(member.object);
  if (node.type === 'VariableDeclarator' && isProcess(node['init'])) {
    const properties = nodesOf(nodeOf(node['id'])?.['properties']);
    return properties.some((property) => nameOf(property['key']) === 'env');
  }
  if (node.type === 'ImportDeclaration' && /^(node:)?process$/.test(nameOf(node['source']) ?? '')) {
    return nodesOf(node['specifiers']).some((item) => (nameOf(item['imported']) ?? nameOf(item['local'])) === 'env');
  }
  return false;
}

function isEmptyFunction(node: SyntaxNode | undefined): boolean {
  return node !== undefined && FUNCTIONS.has(node.type) && statementsOf(node)?.length === 0;
}

/** `catch {}`, and its other spelling `.catch(() => {})`. */
function swallows(node: SyntaxNode): boolean {
  if (node.type === 'CatchClause') return nodesOf(nodeOf(node['body'])?.['stmts']).length === 0;
  if (node.type !== 'CallExpression') return false;
  return calledMember(node)?.property === 'catch' && isEmptyFunction(argumentsOf(node)[0]);
}

const LEFT_OUT = new Set(['only', 'skip', 'todo', 'fails']);
const LEFT_OUT_OPTIONS = new Set([...LEFT_OUT, 'retry', 'repeats']);

/** A test that is skipped, singled out, promised or run until it passes. */
function leavesTestOut(node: SyntaxNode): string | null {
  const member = memberOf(node);
  if (member !== null) {
    const isRunner =
      TEST_CALL.test(rootName(member.object) ?? '') || /^(ctx|context|task|t)$/.test(nameOf(member.object) ?? '');
    return isRunner && LEFT_OUT.has(member.property) ? `.${member.property}` : null;
  }
  if (node.type !== 'CallExpression' || !TEST_CALL.test(rootName(node['callee']) ?? '')) return null;
  for (const options of argumentsOf(node).filter((argument) => argument.type === 'ObjectExpression')) {
    for (const property of nodesOf(options['properties'])) {
      const key = nameOf(property['key']);
      if (key !== null && LEFT_OUT_OPTIONS.has(key)) return `{ ${key} }`;
    }
  }
  return null;
}

/** A query that takes whatever columns there are: a later migration would change what it gives. */
function takesEveryColumn(node: SyntaxNode): boolean {
  const text = node.type === 'TemplateLiteral' || node.type === 'StringLiteral' ? literalText(node) : null;
  if (text !== null) return /\bselect\s+(\w+[.])?[*]/i.test(text);
  return node.type === 'CallExpression' && calledMember(node)?.property === 'selectAll';
}

/** In vitest's configuration: any `retry` but none at all. */
function retriesTests(node: SyntaxNode): boolean {
  return nameOf(node['key']) === 'retry' && nodeOf(node['value'])?.['value'] !== 0;
}

/** Attributes that people read or hear. */
const READ_ATTRIBUTES = new Set([
  'label',
  'title',
  'placeholder',
  'description',
  'alt',
  'aria-label',
  'hint',
  'message',
]);

/** Words in the markup of the console, where no translator would find them: they belong into api/console/texts. */
function textInMarkup(node: SyntaxNode): string | null {
  if (node.type === 'JSXText') return wordsOf(node['value']);
  if (node.type !== 'JSXAttribute' || !READ_ATTRIBUTES.has(nameOf(node['name']) ?? '')) return null;
  const value = nodeOf(node['value']);
  const inner = value?.type === 'JSXExpressionContainer' ? nodeOf(value['expression']) : value;
  return inner === null || inner === undefined ? null : wordsOf(literalText(inner));
}

function wordsOf(text: unknown): string | null {
  return typeof text === 'string' && /\p{L}{2}/u.test(text) ? `"${text.trim()}"` : null;
}

function mayReadEnvironment(path: string): boolean {
  return path === 'hub/config.ts' || /^(test|scripts|loadtest)\//.test(path);
}

function mustBePure(path: string): boolean {
  return /^(hub\/core|protocol)\//.test(path) && !isTestCode(path);
}

/** test/support is where a suite without its server is reported as skipped, by name. */
function mustRunTests(path: string): boolean {
  return isTestCode(path) && !path.startsWith('test/support/');
}

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

function nodeFindings(path: string, node: SyntaxNode, length: number): [SourceRule, string][] {
  const found: [SourceRule, string][] = [];
  if (FUNCTIONS.has(node.type) && length > FUNCTION_LINES_MAX && !(isTestCode(path) && isSuite(node))) {
    found.push(['function-size', `a function of ${length} lines`]);
  }
  const impure = mustBePure(path) ? impurity(node) : null;
  if (impure !== null) found.push(['impure', impure]);
  if (!mayReadEnvironment(path) && readsEnvironment(node)) found.push(['environment', 'process.env']);
  if (swallows(node)) found.push(['empty-catch', 'an error is swallowed']);
  if (!isTestCode(path) && takesEveryColumn(node)) found.push(['unnamed-columns', 'select *']);
  const words = path.startsWith('api/console/') ? textInMarkup(node) : null;
  if (words !== null) found.push(['text-in-markup', words]);
  const leftOut = mustRunTests(path) ? leavesTestOut(node) : null;
  if (leftOut !== null) found.push(['test-left-out', leftOut]);
  if (path === 'vitest.config.ts' && retriesTests(node)) found.push(['test-left-out', 'retry']);
  return found;
}

/** Inspects one TypeScript file. */
export function inspectSource({ path, text }: RepositoryFile): SourceReport {
  const findings: Finding[] = [];
  const testNames: string[] = [];
  const linesMax = isTestCode(path) ? TEST_FILE_LINES_MAX : FILE_LINES_MAX;
  if (lineCount(text) > linesMax) {
    findings.push({ rule: 'file-size', where: `${path}:${linesMax + 1} a file of ${lineCount(text)} lines` });
  }
  const tree = parseTypeScript(text, path);
  walk(tree.root, (node) => {
    const { first, last } = tree.lines(node);
    for (const [rule, what] of nodeFindings(path, node, last - first + 1)) {
      findings.push({ rule, where: `${path}:${first} ${what}` });
    }
    if (node.type === 'CallExpression' && TEST_CALL.test(rootName(node['callee']) ?? '')) {
      const name = literalText(argumentsOf(node)[0]);
      if (name !== null && isTestCode(path)) testNames.push(name);
    }
  });
  return { findings, testNames };
}
