/** Carries out what the hub orders: acknowledged and remembered first (player-memory.ts), then done, then reported. */
import type { Command } from '../../protocol/desired-state.ts';
import type { CommandUpdate } from '../../protocol/up.ts';
import { waitingUpdates } from './command-log.ts';
import { isPercent } from './orders.ts';
import type { PlayerMemory } from './player-memory.ts';
import type { PageActs, Surface } from './surface.ts';

/** A reload waits this long for the hub to confirm its acknowledgement, in milliseconds; it goes out again afterwards anyway. */
const CONFIRM_MS = 1_500;
const CONFIRM_STEP_MS = 50;

export interface CommandRunnerParts {
  readonly memory: PlayerMemory;
  readonly surface: Pick<Surface, 'identify' | 'screenshot'>;
  readonly acts: PageActs;
  /** What `identify` shows. */
  readonly who: () => { readonly title: string; readonly detail: string };
  /** Sends what is due. */
  readonly flush: () => void;
  /** Drops what is stored of content; it is fetched again. */
  readonly clearCache: () => Promise<void>;
  /** Has the whole state sent again. */
  readonly refetch: () => void;
  /** From now on it is so loud, or so bright, in percent. */
  readonly order: (setting: 'volume' | 'brightness', percent: number) => void;
  /** What happened to this player, as text. */
  readonly diary: () => string;
  /** Brings the hub the file of a command; rejects when it was not taken. */
  readonly upload: (commandId: number, file: Blob) => Promise<void>;
}

export class CommandRunner {
  readonly #parts: CommandRunnerParts;
  /** Commands that are done once the whole state has come again. */
  #refetching: number[] = [];

  constructor(parts: CommandRunnerParts) {
    this.#parts = parts;
  }

  /** Begins what is new and finishes what was waiting for a state. */
  run(): void {
    const { memory, flush } = this.#parts;
    if (this.#refetching.length > 0 && memory.screen.stateRev >= 0) {
      for (const commandId of this.#refetching) memory.finish({ commandId, state: 'succeeded' });
      this.#refetching = [];
      flush();
    }
    const commands = memory.takeCommands();
    if (commands.length === 0) return;
    flush();
    for (const command of commands) void this.#carryOut(command);
  }

  async #carryOut(command: Command): Promise<void> {
    const { memory, flush } = this.#parts;
    try {
      await this.#act(command);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      memory.finish({ commandId: command.commandId, state: 'failed', reason: reason.slice(0, 200) });
      flush();
    }
  }

  async #act({ commandId, name, args }: Command): Promise<void> {
    const { memory, surface, acts, who, diary } = this.#parts;
    switch (name) {
      case 'identify': {
        const { title, detail } = who();
        await surface.identify(title, detail);
        this.#succeed(commandId);
        return;
      }
      case 'screenshot':
        await this.#bring(commandId, await surface.screenshot());
        return;
      case 'upload_logs':
        await this.#bring(commandId, new Blob([diary()], { type: 'text/plain' }));
        return;
      case 'set_volume':
        this.#order(commandId, 'volume', args['volume']);
        return;
      case 'set_brightness':
        this.#order(commandId, 'brightness', args['brightness']);
        return;
      case 'restart_app':
        for (
          let waitedMs = 0;
          waitedMs < CONFIRM_MS && waitingUpdates(memory.commands) > 0;
          waitedMs += CONFIRM_STEP_MS
        ) {
          await new Promise((resolve) => setTimeout(resolve, CONFIRM_STEP_MS));
        }
        acts.reload();
        return;
      case 'clear_cache':
        await this.#parts.clearCache();
        this.#refetch(commandId);
        return;
      case 'refresh':
        this.#refetch(commandId);
        return;
      default:
        throw new Error(`${name} was taken but is not among the capabilities`);
    }
  }

  #succeed(commandId: number, result?: CommandUpdate['result']): void {
    const { memory, flush } = this.#parts;
    memory.finish({ commandId, state: 'succeeded', ...(result === undefined ? {} : { result }) });
    flush();
  }

  /** The file first: once the command is called done, it is there. */
  async #bring(commandId: number, file: Blob): Promise<void> {
    await this.#parts.upload(commandId, file);
    this.#succeed(commandId, { bytes: file.size, type: file.type });
  }

  #order(commandId: number, setting: 'volume' | 'brightness', percent: unknown): void {
    if (!isPercent(percent)) throw new Error(`${setting} is a whole number from 0 to 100`);
    this.#parts.order(setting, percent);
    this.#succeed(commandId, { [setting]: percent });
  }

  #refetch(commandId: number): void {
    this.#refetching.push(commandId);
    this.#parts.refetch();
  }
}
