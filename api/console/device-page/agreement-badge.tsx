/** Whether a screen is as it was asked to be, by icon and word. */
import { Badge } from '@mantine/core';
import { CircleCheck, CircleHelp, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Agreement } from './compare-state.ts';

const AGREEMENT_LOOK = {
  same: { icon: CircleCheck, color: 'teal' },
  different: { icon: TriangleAlert, color: 'orange' },
  unsaid: { icon: CircleHelp, color: 'gray' },
  free: { icon: CircleHelp, color: 'gray' },
} as const;

export function AgreementBadge({
  agreement,
  children,
}: {
  readonly agreement: Agreement;
  readonly children: ReactNode;
}) {
  const { icon: Icon, color } = AGREEMENT_LOOK[agreement];
  return (
    <Badge color={color} variant="light" tt="none" leftSection={<Icon size={12} aria-hidden />}>
      {children}
    </Badge>
  );
}
