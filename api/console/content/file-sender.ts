/**
 * Sends one file in parts (`POST /content/uploads` with `parts`). It may be stopped at any point and run again: what is there already
 * is asked of the API and not sent again.
 */
import type { Static } from 'typebox';
import type { ContentJson } from '../../content/content-json.ts';
import type { PartsTicket, UploadProgress } from '../../content/upload-parts.ts';
import { ApiFailure } from '../session/api-failure.ts';
import { newKey } from '../session/new-key.ts';
import type { Session } from '../session/session.ts';
import { mimeTypeOf, nameOf } from './file-kinds.ts';
import type { PutOptions } from './put-bytes.ts';

/** Parts of one file that are on their way at once. */
const PARTS_AT_ONCE = 2;
/** Addresses that are asked for at once: they run out, so none is asked for long before it is used. */
const ADDRESSES_AT_ONCE = 20;
/** How often a file is gone through again for parts that the store does not have after all. */
const ROUNDS_MAX = 3;

type Address = Static<typeof PartsTicket>['addresses'][number];

export interface SenderParts {
  readonly session: Session;
  readonly putBytes: (url: string, bytes: Blob, options: PutOptions) => Promise<void>;
}

export interface SenderOptions {
  readonly file: File;
  /** Group that the content is to belong to; null leaves it to the API. */
  readonly groupId: number | null;
  /** An upload that was begun before. */
  readonly uploadId: number | null;
  readonly onAnnounced: (uploadId: number, expiresAtMs: number) => void;
  /** Bytes of the file that are there or have left. */
  readonly onSent: (bytes: number) => void;
  /** Everything is there; it is being looked at. */
  readonly onVerifying: () => void;
}

/** What is known of the upload at the API. */
interface Plan {
  readonly uploadId: number;
  readonly partBytes: number;
  readonly missing: number[];
  readonly addresses: Map<number, Address>;
  receivedBytes: number;
}

export class FileSender {
  readonly #parts: SenderParts;
  readonly #options: SenderOptions;
  #uploadId: number | null;
  /** Announcing it again is not another announcement. */
  #key = newKey();

  constructor(parts: SenderParts, options: SenderOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#uploadId = options.uploadId;
  }

  /** The content when it is complete: `ready`, `failed`, or still `verifying`. Rejects with ApiFailure or the signal's reason. */
  async run(signal: AbortSignal): Promise<ContentJson> {
    const { session } = this.#parts;
    for (let round = 1; ; round += 1) {
      const plan = await this.#plan(signal);
      if ('status' in plan) return plan;
      await this.#sendAll(plan, signal);
      this.#options.onVerifying();
      try {
        return await session.call<ContentJson>('POST', `/content/uploads/${plan.uploadId}/complete`, { signal });
      } catch (cause) {
        const isPartMissing = cause instanceof ApiFailure && cause.details.some(({ field }) => field === 'parts');
        if (!isPartMissing || round >= ROUNDS_MAX) throw cause;
      }
    }
  }

  async #plan(signal: AbortSignal): Promise<Plan | ContentJson> {
    if (this.#uploadId === null) return this.#announce(signal);
    const path = `/content/uploads/${this.#uploadId}`;
    try {
      const progress = await this.#parts.session.call<UploadProgress>('GET', path, { signal });
      const received = new Set(progress.received);
      return {
        ...{ uploadId: this.#uploadId, partBytes: progress.partBytes },
        missing: numbersTo(progress.partCount).filter((part) => !received.has(part)),
        addresses: new Map(progress.addresses.map((address) => [address.part, address])),
        receivedBytes: progress.received.reduce((sum, part) => sum + this.#slice(progress.partBytes, part).size, 0),
      };
    } catch (cause) {
      if (!(cause instanceof ApiFailure) || cause.code !== 'NOT_FOUND') throw cause;
    }
    return this.#afterEnd(this.#uploadId, signal);
  }

  /** The upload is over: its content tells how, or it ran out and begins anew. */
  async #afterEnd(uploadId: number, signal: AbortSignal): Promise<Plan | ContentJson> {
    try {
      return await this.#parts.session.call<ContentJson>('GET', `/content/${uploadId}`, { signal });
    } catch (cause) {
      if (!(cause instanceof ApiFailure) || cause.code !== 'NOT_FOUND') throw cause;
    }
    this.#key = newKey();
    return this.#announce(signal);
  }

  async #announce(signal: AbortSignal): Promise<Plan> {
    const { file, groupId, onAnnounced } = this.#options;
    const ticket = await this.#parts.session.call<PartsTicket>('POST', '/content/uploads', {
      body: {
        ...{ name: nameOf(file), fileName: file.name.slice(-255), sizeBytes: file.size, mimeType: mimeTypeOf(file) },
        ...{ parts: true, ...(groupId === null ? {} : { groupId }) },
      },
      idempotencyKey: this.#key,
      signal,
    });
    this.#uploadId = ticket.uploadId;
    onAnnounced(ticket.uploadId, Date.parse(ticket.expiresAt));
    return {
      ...{ uploadId: ticket.uploadId, partBytes: ticket.partBytes, receivedBytes: 0 },
      missing: numbersTo(ticket.partCount),
      addresses: new Map(ticket.addresses.map((address) => [address.part, address])),
    };
  }

  async #sendAll(plan: Plan, outer: AbortSignal): Promise<void> {
    // When one part fails the others stop, too: what is there is asked anew.
    const stop = new AbortController();
    const signal = AbortSignal.any([outer, stop.signal]);
    const underWay = new Map<number, number>();
    const tell = (): void => {
      this.#options.onSent(plan.receivedBytes + [...underWay.values()].reduce((sum, bytes) => sum + bytes, 0));
    };
    tell();
    const work = async (): Promise<void> => {
      for (let part = plan.missing.shift(); part !== undefined; part = plan.missing.shift()) {
        const address = await this.#address(plan, part, signal);
        const number = part;
        const bytes = this.#slice(plan.partBytes, number);
        const onSent = (sent: number): void => {
          underWay.set(number, Math.min(sent, bytes.size));
          tell();
        };
        await this.#parts.putBytes(address.url, bytes, { onSent, signal });
        underWay.delete(number);
        plan.receivedBytes += bytes.size;
        tell();
      }
    };
    try {
      await Promise.all(Array.from({ length: PARTS_AT_ONCE }, work));
    } catch (cause) {
      stop.abort(cause);
      throw cause;
    }
  }

  async #address(plan: Plan, part: number, signal: AbortSignal): Promise<Address> {
    const known = plan.addresses.get(part);
    if (known !== undefined) return known;
    const parts = [part, ...plan.missing].slice(0, ADDRESSES_AT_ONCE);
    const path = `/content/uploads/${plan.uploadId}`;
    const { addresses } = await this.#parts.session.call<UploadProgress>('GET', path, { query: { parts }, signal });
    for (const address of addresses) plan.addresses.set(address.part, address);
    const given = plan.addresses.get(part);
    if (given === undefined) throw new ApiFailure({ code: 'UNAVAILABLE', message: 'no address', status: 0 });
    return given;
  }

  #slice(partBytes: number, part: number): Blob {
    return this.#options.file.slice((part - 1) * partBytes, part * partBytes);
  }
}

function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}
