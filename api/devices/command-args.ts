/** What each command takes. Pure; the wire contract allows any scalar, this list says what players are sent. */
import type { CommandName } from '../../protocol/desired-state.ts';
import type { ErrorDetail } from '../../protocol/errors.ts';

export type CommandArgs = Readonly<Record<string, string | number | boolean>>;

/** The argument of a command: a whole percentage. All others take none. */
const PERCENT_ARGUMENT: Partial<Record<CommandName, string>> = { set_volume: 'volume', set_brightness: 'brightness' };

/** What is wrong with the arguments of a command; empty when they are right. */
export function checkCommandArgs(name: CommandName, args: CommandArgs): ErrorDetail[] {
  const wanted = PERCENT_ARGUMENT[name];
  const details: ErrorDetail[] = Object.keys(args)
    .filter((given) => given !== wanted)
    .slice(0, 20)
    .map((given) => ({ field: `args.${given.slice(0, 64)}`, message: `is not an argument of ${name}` }));
  if (wanted === undefined) return details;
  const value = Object.hasOwn(args, wanted) ? args[wanted] : undefined;
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 100) {
    details.push({ field: `args.${wanted}`, message: 'must be a whole number from 0 to 100 (percent)' });
  }
  return details;
}
