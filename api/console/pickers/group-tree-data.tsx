/** Groups as the component library's trees want them. */
import type { TreeNodeData } from '@mantine/core';
import type { GroupNode } from './groups.ts';

export function groupTreeData(nodes: readonly GroupNode[]): TreeNodeData[] {
  return nodes.map(({ group, children }) => ({
    value: String(group.id),
    label: group.name,
    ...(children.length === 0 ? {} : { children: groupTreeData(children) }),
  }));
}
