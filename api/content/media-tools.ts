/**
 * Running ffprobe and ffmpeg on files of strangers: without a shell, without our environment, without the network, with an end to
 * time and output. Whether they are there is looked up now and again, so that installing them needs no restart.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../hub/core/ports.ts';

/** Where the tools are looked for. */
export const TOOL_FOLDERS = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/opt/homebrew/bin',
];
/** How long it is believed that a tool is there, or is not, in milliseconds. */
const BELIEVED_MS = 60_000;
/** What of a tool's complaint is kept, in bytes. */
const STDERR_BYTES_MAX = 2_048;

export type ToolName = 'ffprobe' | 'ffmpeg';

/** A tool that ended otherwise than well. */
export class ToolFailed extends Error {
  override readonly name = 'ToolFailed';
  readonly why: 'exit' | 'time' | 'output' | 'stopped';

  constructor(why: ToolFailed['why'], message: string) {
    super(message);
    this.why = why;
  }
}

export interface ToolLimits {
  /** Past it the tool is killed, in milliseconds. */
  readonly timeMs: number;
  /** Past it the tool is killed. */
  readonly stdoutBytesMax: number;
  readonly signal?: AbortSignal;
}

export interface MediaTools {
  /** Path of a tool, or null when it is not installed. */
  find(name: ToolName): Promise<string | null>;
  /** What the tool wrote to its standard output. Rejects with ToolFailed. */
  run(path: string, args: readonly string[], limits: ToolLimits): Promise<Buffer>;
}

export function createMediaTools(clock: Pick<Clock, 'monotonicMs'>, folders: readonly string[]): MediaTools {
  const known = new Map<ToolName, { path: string | null; until: number }>();
  return {
    async find(name) {
      const now = clock.monotonicMs();
      const believed = known.get(name);
      if (believed !== undefined && believed.until > now) return believed.path;
      const path = await firstExecutable(folders.map((folder) => join(folder, name)));
      known.set(name, { path, until: now + BELIEVED_MS });
      return path;
    },
    run: runTool,
  };
}

async function firstExecutable(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return null;
}

function runTool(path: string, args: readonly string[], limits: ToolLimits): Promise<Buffer> {
  const { timeMs, stdoutBytesMax, signal } = limits;
  return new Promise((resolve, reject) => {
    // An environment of its own: ours holds secrets, and FFREPORT and the like would be obeyed.
    const child = spawn(path, args, { env: { LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    let outputBytes = 0;
    let complaint = '';
    let failure: ToolFailed | null = null;
    const kill = (why: ToolFailed['why'], message: string): void => {
      failure ??= new ToolFailed(why, message);
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => kill('time', `it took longer than ${timeMs} ms`), timeMs);
    const stop = (): void => kill('stopped', 'it was stopped');
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    child.stdout.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes > stdoutBytesMax) kill('output', `it wrote more than ${stdoutBytesMax} bytes`);
      else output.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (complaint.length < STDERR_BYTES_MAX) complaint += chunk.toString('latin1');
    });
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    };
    child.once('error', (error) => {
      end();
      reject(error);
    });
    child.once('close', (code) => {
      end();
      if (failure === null && code !== 0) {
        failure = new ToolFailed('exit', complaint.trim().split('\n').at(-1) ?? `exit code ${code}`);
      }
      if (failure === null) resolve(Buffer.concat(output));
      else reject(failure);
    });
  });
}
