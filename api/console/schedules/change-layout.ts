/** How a part of the editor says what the layout is to be. */
import type { Layout } from '../../../protocol/schedule.ts';

/** @param name of the change, for undo; null is a step of its own */
export type ChangeLayout = (layout: Layout, name: string | null) => void;
