/**
 * What a player knows and owes, held in memory and kept in storage: the screen, the receipts, the commands, the hub's time.
 *
 * Invariants: the screen is stored before anything about it is confirmed to the hub, and `received` is said only of what
 * storage really took; receipts and command updates leave only when the hub has confirmed them; a command is stored as taken
 * before it is handed out.
 */
import type { Alert, Command } from '../../protocol/desired-state.ts';
import type { DownFrame } from '../../protocol/down.ts';
import { DISPLAYED_MAX } from '../../protocol/limits.ts';
import { restoreScreen, saveScreen } from '../../protocol/saved-screen.ts';
import {
  applyDown,
  applyHeartbeat,
  commandsToDo,
  nextExpiryMs,
  takeCommand,
  visibleAlerts,
  type Merged,
  type Screen,
} from '../../protocol/screen.ts';
import {
  observeServerTime,
  restoreClock,
  saveClock,
  serverNow,
  type OwnClocks,
  type ServerClock,
  type TimeSample,
} from '../../protocol/server-clock.ts';
import type { HeartbeatResponse } from '../../protocol/sync.ts';
import type { CommandUpdate } from '../../protocol/up.ts';
import {
  acknowledgeUpdates,
  beginCommand,
  CAPABILITIES,
  commandsForEpoch,
  dueUpdates,
  EMPTY_COMMANDS,
  finishCommand,
  finishInterrupted,
  forgetUpdatesSent,
  markUpdatesSent,
  restoreCommands,
  saveCommands,
  type CommandLog,
} from './command-log.ts';
import type { KeyValue } from './key-value.ts';
import {
  acknowledgeReceipts,
  addReceipt,
  displayedNotCleared,
  dueReceipts,
  EMPTY_RECEIPTS,
  forgetReceiptsSent,
  hasReceipt,
  markReceiptsSent,
  receiptsForEpoch,
  restoreReceipts,
  saveReceipts,
  type Receipt,
  type ReceiptQueue,
} from './receipt-queue.ts';

/** What is due to the hub now. */
export interface Due {
  readonly receipts: readonly Receipt[];
  readonly updates: readonly CommandUpdate[];
}

/** What the hub says it has committed. */
export interface Confirmed {
  readonly receipts: readonly Pick<Receipt, 'deploymentId' | 'stage'>[];
  readonly updates: readonly { readonly commandId: number; readonly state: string }[];
}

export class PlayerMemory {
  readonly #keyValue: KeyValue;
  readonly #scope: string;
  readonly #clocks: () => OwnClocks;
  #clock: ServerClock | null;
  #screen: Screen;
  #receipts: ReceiptQueue;
  #commands: CommandLog;

  /** Reads what was kept under `scope`. `clocks` reads the device's own clocks. */
  constructor(keyValue: KeyValue, scope: string, clocks: () => OwnClocks) {
    this.#keyValue = keyValue;
    this.#scope = scope;
    this.#clocks = clocks;
    this.#clock = restoreClock(this.#read('clock'), clocks());
    this.#screen = restoreScreen(this.#read('screen'));
    this.#receipts = receiptsForEpoch(restoreReceipts(this.#read('receipts')), this.#screen.epoch);
    this.#commands = finishInterrupted(commandsForEpoch(restoreCommands(this.#read('commands')), this.#screen.epoch));
  }

  get screen(): Screen {
    return this.#screen;
  }

  get receipts(): ReceiptQueue {
    return this.#receipts;
  }

  get commands(): CommandLog {
    return this.#commands;
  }

  /** The hub's time in epoch milliseconds, or null while it is not known. */
  nowMs(): number | null {
    return serverNow(this.#clock, this.#clocks().monotonicMs);
  }

  /** The alerts to show now, the most important first. */
  visible(): Alert[] {
    return visibleAlerts(this.#screen, this.nowMs());
  }

  /** Alerts that are being shown and were on glass, those included whose turn it is not at this moment. */
  displayed(): number[] {
    const ids = this.visible().map((alert) => alert.deploymentId);
    return ids.filter((id) => hasReceipt(this.#receipts, id, 'displayed')).slice(0, DISPLAYED_MAX);
  }

  /** Milliseconds until the next alert expires, or null when none will. */
  expiresInMs(): number | null {
    const now = this.nowMs();
    const next = nextExpiryMs(this.#screen, now);
    return now === null || next === null ? null : Math.max(0, next - now);
  }

  observeTime(sample: TimeSample): void {
    this.#clock = observeServerTime(this.#clock, sample);
  }

  /** Stores the hub's time; call it now and then. */
  saveTime(): void {
    if (this.#clock !== null) this.#write('clock', saveClock(this.#clock, this.#clocks()));
  }

  apply(frame: DownFrame): Merged {
    return this.#keep(applyDown(this.#screen, frame, this.nowMs()));
  }

  applyHeartbeat(answer: HeartbeatResponse): Merged {
    return this.#keep(applyHeartbeat(this.#screen, answer, this.nowMs()));
  }

  /** The whole state is to be fetched again; until it comes, what is held goes on being shown. */
  distrust(): void {
    this.#screen = { ...this.#screen, stateRev: -1 };
    this.#write('screen', saveScreen(this.#screen));
  }

  /** This player is another device from now on: what the old one had to say is nobody's business any more. */
  becomeAnotherDevice(): void {
    this.distrust();
    this.#setReceipts({ ...EMPTY_RECEIPTS, epoch: this.#screen.epoch });
    this.#setCommands({ ...EMPTY_COMMANDS, epoch: this.#screen.epoch });
  }

  /** These deployments, and no others, are on glass now. */
  painted(deploymentIds: readonly number[]): void {
    const held = new Set(this.visible().map((alert) => alert.deploymentId));
    const glass = new Set(deploymentIds);
    let queue = this.#receipts;
    for (const id of deploymentIds) if (held.has(id)) queue = this.#withReceipt(queue, id, 'displayed');
    // An alert whose turn it is not is still being shown; only what is held no more has been cleared.
    for (const id of displayedNotCleared(queue))
      if (!held.has(id) && !glass.has(id)) queue = this.#withReceipt(queue, id, 'cleared');
    this.#setReceipts(queue);
  }

  /** Something of this deployment cannot be shown. */
  failed(deploymentId: number, reason: string): void {
    this.#setReceipts(this.#withReceipt(this.#receipts, deploymentId, 'failed', reason.slice(0, 200)));
  }

  /** The commands to carry out now; each is given out once. One that ends the page is given out only if it will be remembered. */
  takeCommands(): Command[] {
    const todo = commandsToDo(this.#screen, this.nowMs());
    if (todo.length === 0) return [];
    for (const command of todo) this.#screen = takeCommand(this.#screen, command);
    const screenKept = this.#write('screen', saveScreen(this.#screen));
    const remembered = this.#setCommands(todo.reduce(beginCommand, this.#commands)) && screenKept;
    const able = todo.filter((command) => CAPABILITIES.includes(command.name));
    if (remembered) return able;
    for (const { commandId, name } of able) {
      if (name === 'restart_app') this.finish({ commandId, state: 'failed', reason: 'no storage to remember it by' });
    }
    return able.filter((command) => command.name !== 'restart_app');
  }

  finish(update: CommandUpdate): void {
    this.#setCommands(finishCommand(this.#commands, update));
  }

  due(): Due {
    const { monotonicMs } = this.#clocks();
    return { receipts: dueReceipts(this.#receipts, monotonicMs), updates: dueUpdates(this.#commands, monotonicMs) };
  }

  markSent(due: Due): void {
    const { monotonicMs } = this.#clocks();
    this.#receipts = markReceiptsSent(this.#receipts, due.receipts, monotonicMs);
    this.#commands = markUpdatesSent(this.#commands, due.updates, monotonicMs);
  }

  /** What was sent may have been lost with its connection: all of it is due again. */
  forgetSent(): void {
    this.#receipts = forgetReceiptsSent(this.#receipts);
    this.#commands = forgetUpdatesSent(this.#commands);
  }

  confirmed(confirmed: Confirmed): void {
    if (confirmed.receipts.length > 0) this.#setReceipts(acknowledgeReceipts(this.#receipts, confirmed.receipts));
    if (confirmed.updates.length > 0) this.#setCommands(acknowledgeUpdates(this.#commands, confirmed.updates));
  }

  #keep(merged: Merged): Merged {
    if (merged.screen === this.#screen) return merged;
    this.#screen = merged.screen;
    this.saveTime();
    const kept = this.#write('screen', saveScreen(this.#screen));
    if (this.#commands.epoch !== this.#screen.epoch)
      this.#setCommands(commandsForEpoch(this.#commands, this.#screen.epoch));
    let queue = receiptsForEpoch(this.#receipts, this.#screen.epoch);
    if (kept) for (const alert of this.visible()) queue = this.#withReceipt(queue, alert.deploymentId, 'received');
    this.#setReceipts(queue);
    return merged;
  }

  #withReceipt(queue: ReceiptQueue, deploymentId: number, stage: Receipt['stage'], reason?: string): ReceiptQueue {
    const at = new Date(this.nowMs() ?? this.#clocks().wallMs).toISOString();
    return addReceipt(queue, reason === undefined ? { deploymentId, stage, at } : { deploymentId, stage, at, reason });
  }

  #setReceipts(next: ReceiptQueue): void {
    if (next === this.#receipts) return;
    this.#receipts = next;
    this.#write('receipts', saveReceipts(next));
  }

  #setCommands(next: CommandLog): boolean {
    this.#commands = next;
    return this.#write('commands', saveCommands(next));
  }

  #read(part: Part): string | null {
    return this.#keyValue.get(`${this.#scope}:${part}`);
  }

  #write(part: Part, text: string): boolean {
    return this.#keyValue.set(`${this.#scope}:${part}`, text);
  }
}

type Part = 'screen' | 'receipts' | 'commands' | 'clock';
