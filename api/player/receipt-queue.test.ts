import { describe, expect, it } from 'vitest';
import {
  acknowledgeReceipts,
  addReceipt,
  displayedNotCleared,
  dueReceipts,
  EMPTY_RECEIPTS,
  forgetReceiptsSent,
  hasReceipt,
  markReceiptsSent,
  RECEIPT_BATCH_MAX,
  RECEIPT_ENTRIES_MAX,
  RECEIPT_RESEND_MS,
  receiptsForEpoch,
  restoreReceipts,
  saveReceipts,
  waitingReceipts,
  type Receipt,
  type ReceiptQueue,
} from './receipt-queue.ts';

const AT = '2026-11-20T09:30:00.000Z';

function receipt(deploymentId: number, stage: Receipt['stage'] = 'received'): Receipt {
  return { deploymentId, stage, at: AT };
}

function queueOf(...receipts: Receipt[]): ReceiptQueue {
  return receipts.reduce(addReceipt, EMPTY_RECEIPTS);
}

describe('receipt queue', () => {
  it('says each thing once, however often it is true', () => {
    const queue = queueOf(receipt(1), receipt(1), receipt(1, 'displayed'));
    expect(dueReceipts(queue, 0)).toEqual([receipt(1), receipt(1, 'displayed')]);
    const acknowledged = acknowledgeReceipts(queue, [receipt(1)]);
    expect(addReceipt(acknowledged, receipt(1))).toBe(acknowledged);
  });

  it('sends again what was not acknowledged, and only that', () => {
    let queue = queueOf(receipt(1), receipt(2));
    queue = markReceiptsSent(queue, dueReceipts(queue, 1000), 1000);
    expect(dueReceipts(queue, 1000 + RECEIPT_RESEND_MS - 1)).toEqual([]);
    queue = acknowledgeReceipts(queue, [receipt(2)]);
    expect(dueReceipts(queue, 1000 + RECEIPT_RESEND_MS)).toEqual([receipt(1)]);
    expect(waitingReceipts(queue)).toBe(1);
  });

  it('sends everything unacknowledged again at once on a new connection', () => {
    let queue = queueOf(receipt(1), receipt(2));
    queue = markReceiptsSent(queue, dueReceipts(queue, 0), 0);
    expect(dueReceipts(forgetReceiptsSent(queue), 1)).toEqual([receipt(1), receipt(2)]);
  });

  it('keeps a message under the size of a frame', () => {
    const many = queueOf(...Array.from({ length: RECEIPT_BATCH_MAX + 5 }, (_, index) => receipt(index + 1)));
    expect(dueReceipts(many, 0)).toHaveLength(RECEIPT_BATCH_MAX);
    const longest = dueReceipts(many, 0).map((item) => ({
      ...item,
      deploymentId: Number.MAX_SAFE_INTEGER,
      reason: 'x'.repeat(200),
    }));
    expect(JSON.stringify({ type: 'receipt', items: longest }).length).toBeLessThan(16 * 1024);
  });

  it('past its limit lets go of acknowledged entries first, the oldest first', () => {
    let queue = queueOf(receipt(1), receipt(2), receipt(3));
    queue = acknowledgeReceipts(queue, [receipt(2)]);
    for (let id = 4; id <= RECEIPT_ENTRIES_MAX + 1; id += 1) queue = addReceipt(queue, receipt(id));
    expect(queue.entries).toHaveLength(RECEIPT_ENTRIES_MAX);
    expect([hasReceipt(queue, 1, 'received'), hasReceipt(queue, 2, 'received')]).toEqual([true, false]);
    queue = addReceipt(queue, receipt(9999));
    expect(hasReceipt(queue, 1, 'received')).toBe(false);
  });

  it('knows which displayed deployments still owe a cleared', () => {
    const queue = queueOf(receipt(1, 'displayed'), receipt(2, 'displayed'), receipt(2, 'cleared'), receipt(3));
    expect(displayedNotCleared(queue)).toEqual([1]);
  });

  it('drops what belongs to another history of the database', () => {
    const queue = addReceipt(receiptsForEpoch(EMPTY_RECEIPTS, 7), receipt(1));
    expect(receiptsForEpoch(queue, 7)).toBe(queue);
    expect(receiptsForEpoch(queue, 8)).toEqual({ epoch: 8, entries: [] });
  });

  it('comes back from storage with everything waiting due again', () => {
    let queue = addReceipt(addReceipt(receiptsForEpoch(EMPTY_RECEIPTS, 7), receipt(1)), {
      ...receipt(2, 'failed'),
      reason: 'no picture',
    });
    queue = acknowledgeReceipts(markReceiptsSent(queue, dueReceipts(queue, 5), 5), [receipt(1)]);
    const back = restoreReceipts(saveReceipts(queue));
    expect(back.epoch).toBe(7);
    expect(dueReceipts(back, 6)).toEqual([{ ...receipt(2, 'failed'), reason: 'no picture' }]);
    expect(hasReceipt(back, 1, 'received')).toBe(true);
  });

  it.each([
    null,
    '',
    '{',
    '[]',
    'null',
    '{"entries":5}',
    '{"epoch":7,"entries":[{"deploymentId":"1"},null,{"stage":"received"}]}',
  ])('takes damaged storage for an empty queue: %s', (text) => {
    expect(restoreReceipts(text).entries).toEqual([]);
  });
});
