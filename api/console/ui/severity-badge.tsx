/** How grave an alert is. Said by word and icon, not by colour alone. */
import { Badge } from '@mantine/core';
import { CircleAlert, Info, Siren, type LucideIcon } from 'lucide-react';
import type { AlertJson } from '../../alerts/alert-json.ts';
import { useTexts } from '../texts/texts-context.tsx';

export type Severity = AlertJson['severity'];

export const SEVERITY_ICON: Readonly<Record<Severity, LucideIcon>> = {
  info: Info,
  warning: CircleAlert,
  critical: Siren,
};
export const SEVERITY_COLOR: Readonly<Record<Severity, string>> = { info: 'blue', warning: 'orange', critical: 'red' };

export function SeverityBadge({ severity, drill = false }: { readonly severity: Severity; readonly drill?: boolean }) {
  const texts = useTexts().common;
  const Icon = SEVERITY_ICON[severity];
  return (
    <Badge color={SEVERITY_COLOR[severity]} variant="light" leftSection={<Icon size={12} aria-hidden />}>
      {drill ? `${texts.drill}: ${texts.severity[severity]}` : texts.severity[severity]}
    </Badge>
  );
}
