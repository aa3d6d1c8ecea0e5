/** Groups as the component library's trees want them. */
import type { TreeNodeData } from '@mantine/core';
import type { GroupNode } from './groups.ts';

const made = new WeakMap<readonly GroupNode[], TreeNodeData[]>();

/** The same nodes give the very same data: a tree begins anew, and is drawn anew, for every other array. */
export function groupTreeData(nodes: readonly GroupNode[]): TreeNodeData[] {
  const known = made.get(nodes);
  if (known !== undefined) return known;
  const data = nodes.map(({ group, children }) => ({
    value: String(group.id),
    label: group.name,
    ...(children.length === 0 ? {} : { children: groupTreeData(children) }),
  }));
  made.set(nodes, data);
  return data;
}
