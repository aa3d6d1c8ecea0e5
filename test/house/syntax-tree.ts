/**
 * A small reading of swc's syntax tree (TypeScript 7 has no JavaScript API): nodes by type, line numbers, and the few
 * shapes that the house rules ask about.
 */
import { parseSync } from '@swc/core';

/** A node as swc gives it: a `type`, a `span` in UTF-8 bytes that starts at 1, and fields of its own. */
export interface SyntaxNode {
  readonly type: string;
  readonly span?: { readonly start: number; readonly end: number };
  readonly [field: string]: unknown;
}

export interface SyntaxTree {
  readonly root: SyntaxNode;
  /** First and last line of a node, from 1. */
  lines(node: SyntaxNode): { first: number; last: number };
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** The value as a node, or null when it is none. */
export function nodeOf(value: unknown): SyntaxNode | null {
  return isNode(value) ? value : null;
}

/** The nodes in a list field. */
export function nodesOf(value: unknown): SyntaxNode[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Calls `visit` for every node, parents before children. */
export function walk(node: unknown, visit: (node: SyntaxNode) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  if (isNode(node)) visit(node);
  for (const [field, value] of Object.entries(node)) {
    if (field !== 'span') walk(value, visit);
  }
}

/** Parses TypeScript. Throws on a syntax error, with the place in the message. */
export function parseTypeScript(text: string, path: string): SyntaxTree {
  const parsed: unknown = parseSync(text, { syntax: 'typescript', tsx: path.endsWith('.tsx'), target: 'es2024' });
  if (!isNode(parsed)) throw new Error(`swc gave no tree for ${path}`);
  const lineStarts = [0];
  Buffer.from(text).forEach((byte, at) => {
    if (byte === 0x0a) lineStarts.push(at + 1);
  });
  const lineAt = (spanPosition: number): number => lineStarts.findLastIndex((start) => start <= spanPosition - 1) + 1;
  return {
    root: parsed,
    lines: ({ span = { start: 1, end: 1 } }) => ({ first: lineAt(span.start), last: lineAt(span.end - 1) }),
  };
}

/** The text of an identifier or of a constant string, else null. */
export function nameOf(value: unknown): string | null {
  const node = nodeOf(value);
  if (node === null) return null;
  if (node.type === 'Identifier' || node.type === 'StringLiteral') return String(node['value']);
  if (node.type === 'Computed') return nameOf(node['expression']);
  return null;
}

/** A member access `object.property` (also `object['property']` and `object?.property`), else null. */
export function memberOf(node: SyntaxNode): { object: SyntaxNode; property: string } | null {
  if (node.type !== 'MemberExpression') return null;
  const object = nodeOf(node['object']);
  const property = nameOf(node['property']);
  return object === null || property === null ? null : { object, property };
}

/** The member that a call calls: `object.property` of `object.property()` and of `object?.property()`. */
export function calledMember(call: SyntaxNode): { object: SyntaxNode; property: string } | null {
  const callee = nodeOf(call['callee']);
  const member = callee?.type === 'OptionalChainingExpression' ? nodeOf(callee['base']) : callee;
  return member === null ? null : memberOf(member);
}

/** The identifier that a chain of members and calls begins with: `it` of `it.each(rows)`. */
export function rootName(value: unknown): string | null {
  const node = nodeOf(value);
  if (node === null) return null;
  if (node.type === 'Identifier') return String(node['value']);
  if (node.type === 'TaggedTemplateExpression') return rootName(node['tag']);
  return rootName(node['object'] ?? node['callee'] ?? node['base'] ?? null);
}

/** The arguments of a call, as nodes. */
export function argumentsOf(call: SyntaxNode): SyntaxNode[] {
  const list = Array.isArray(call['arguments']) ? (call['arguments'] as { expression?: unknown }[]) : [];
  return list.map(({ expression }) => nodeOf(expression)).filter((node) => node !== null);
}

/** The statements of a function's block, or null when its body is an expression. */
export function statementsOf(fn: SyntaxNode): SyntaxNode[] | null {
  const body = nodeOf(fn['body']) ?? nodeOf((fn['function'] as { body?: unknown } | undefined)?.body);
  return body !== null && Array.isArray(body['stmts']) ? nodesOf(body['stmts']) : null;
}

/** The text of a string or template literal; what a template inserts is left out. */
export function literalText(node: SyntaxNode | undefined): string | null {
  if (node?.type === 'StringLiteral') return String(node['value']);
  if (node?.type !== 'TemplateLiteral') return null;
  return nodesOf(node['quasis'])
    .map((quasi) => String(quasi['cooked']))
    .join('');
}
