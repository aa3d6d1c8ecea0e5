/** What is being dragged over the tree: a browser tells the place under the mouse nothing of it before it is dropped. */
import type { DeviceJson } from '../../devices/device-json.ts';

export type Dragged =
  | { readonly kind: 'group'; readonly groupId: number }
  | { readonly kind: 'screen'; readonly device: DeviceJson };

export interface Dragging {
  readonly dragged: Dragged | null;
  readonly setDragged: (dragged: Dragged | null) => void;
}
