/**
 * The player's receipts: what it has to tell the hub of each deployment, and what it has told already.
 *
 * States of an entry: `waiting` (to be sent; `sentAtMs` says when it last was) and `acknowledged` (the hub has committed
 * it; kept so that a reload does not report the same thing again and so that `cleared` is owed for what was displayed).
 * Invariants: one entry per deployment and stage; at most RECEIPT_ENTRIES_MAX entries, the ones least needed leave
 * first; every entry belongs to `epoch`, because after a restore of the database the same id may be another deployment.
 */
import type { ReceiptStage } from '../../protocol/up.ts';
import { parseObject } from './saved-text.ts';

/** Entries kept. Past it: acknowledged entries leave before waiting ones, older before newer. */
export const RECEIPT_ENTRIES_MAX = 600;
/** Receipts in one message: with the longest reason they stay under the 16 KiB of a frame. */
export const RECEIPT_BATCH_MAX = 40;
/** A receipt that was sent and not acknowledged after this is sent again, in milliseconds. */
export const RECEIPT_RESEND_MS = 10_000;

export interface Receipt {
  readonly deploymentId: number;
  readonly stage: ReceiptStage;
  readonly at: string;
  readonly reason?: string;
}

interface Entry extends Receipt {
  readonly state: 'waiting' | 'acknowledged';
  readonly sentAtMs: number | null;
}

export interface ReceiptQueue {
  readonly epoch: number | null;
  readonly entries: readonly Entry[];
}

export const EMPTY_RECEIPTS: ReceiptQueue = { epoch: null, entries: [] };

/** The queue for this epoch of the hub's database: receipts of another history are dropped, they would lie about new ids. */
export function receiptsForEpoch(queue: ReceiptQueue, epoch: number | null): ReceiptQueue {
  return queue.epoch === epoch ? queue : { epoch, entries: [] };
}

export function hasReceipt(queue: ReceiptQueue, deploymentId: number, stage: ReceiptStage): boolean {
  return queue.entries.some((entry) => entry.deploymentId === deploymentId && entry.stage === stage);
}

/** Adds a receipt unless the same was given before; past the limit the entry least needed leaves. */
export function addReceipt(queue: ReceiptQueue, receipt: Receipt): ReceiptQueue {
  if (hasReceipt(queue, receipt.deploymentId, receipt.stage)) return queue;
  const entries: Entry[] = [...queue.entries, { ...receipt, state: 'waiting', sentAtMs: null }];
  if (entries.length > RECEIPT_ENTRIES_MAX) {
    const acknowledged = entries.findIndex((entry) => entry.state === 'acknowledged');
    entries.splice(Math.max(0, acknowledged), 1);
  }
  return { ...queue, entries };
}

/** The next receipts to send at this moment of the monotonic clock: never sent, or sent too long ago. */
export function dueReceipts(queue: ReceiptQueue, monotonicMs: number): Receipt[] {
  return queue.entries
    .filter(
      (entry) =>
        entry.state === 'waiting' && (entry.sentAtMs === null || monotonicMs - entry.sentAtMs >= RECEIPT_RESEND_MS),
    )
    .slice(0, RECEIPT_BATCH_MAX)
    .map(bare);
}

export function markReceiptsSent(queue: ReceiptQueue, sent: readonly Receipt[], monotonicMs: number): ReceiptQueue {
  const keys = new Set(sent.map(keyOf));
  return {
    ...queue,
    entries: queue.entries.map((entry) => (keys.has(keyOf(entry)) ? { ...entry, sentAtMs: monotonicMs } : entry)),
  };
}

/** A new connection: what the old one may have lost is due at once. */
export function forgetReceiptsSent(queue: ReceiptQueue): ReceiptQueue {
  return { ...queue, entries: queue.entries.map((entry) => ({ ...entry, sentAtMs: null })) };
}

/** The hub has committed these. */
export function acknowledgeReceipts(
  queue: ReceiptQueue,
  acknowledged: readonly { readonly deploymentId: number; readonly stage: ReceiptStage }[],
): ReceiptQueue {
  const keys = new Set(acknowledged.map(keyOf));
  return {
    ...queue,
    entries: queue.entries.map((entry) => (keys.has(keyOf(entry)) ? { ...entry, state: 'acknowledged' } : entry)),
  };
}

/** Deployments that were displayed and whose removal has not been reported. */
export function displayedNotCleared(queue: ReceiptQueue): number[] {
  return queue.entries
    .filter((entry) => entry.stage === 'displayed' && !hasReceipt(queue, entry.deploymentId, 'cleared'))
    .map((entry) => entry.deploymentId);
}

export function waitingReceipts(queue: ReceiptQueue): number {
  return queue.entries.filter((entry) => entry.state === 'waiting').length;
}

export function saveReceipts(queue: ReceiptQueue): string {
  return JSON.stringify({ epoch: queue.epoch, entries: queue.entries.map((entry) => ({ ...entry, sentAtMs: null })) });
}

/** What was saved, without the entries that are not what they should be. */
export function restoreReceipts(text: string | null): ReceiptQueue {
  const saved = parseObject(text);
  if (saved === null || !Array.isArray(saved['entries'])) return EMPTY_RECEIPTS;
  const epoch = typeof saved['epoch'] === 'number' ? saved['epoch'] : null;
  const entries = saved['entries'].filter(isEntry).slice(-RECEIPT_ENTRIES_MAX);
  return { epoch, entries: entries.map((entry) => ({ ...entry, sentAtMs: null })) };
}

function keyOf(receipt: { readonly deploymentId: number; readonly stage: ReceiptStage }): string {
  return `${receipt.deploymentId}:${receipt.stage}`;
}

function bare(entry: Entry): Receipt {
  const { deploymentId, stage, at, reason } = entry;
  return reason === undefined ? { deploymentId, stage, at } : { deploymentId, stage, at, reason };
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Record<string, unknown>;
  return (
    Number.isSafeInteger(entry['deploymentId']) &&
    ['received', 'displayed', 'cleared', 'failed'].includes(String(entry['stage'])) &&
    typeof entry['at'] === 'string' &&
    ['undefined', 'string'].includes(typeof entry['reason']) &&
    (entry['state'] === 'waiting' || entry['state'] === 'acknowledged')
  );
}
