/** A small button with a picture, its words on hover; quiet while it cannot be used. */
import { ActionIcon, Tooltip } from '@mantine/core';
import type { LucideIcon } from 'lucide-react';

export interface IconButtonProps {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly onClick: () => void;
  readonly disabled?: boolean;
  readonly color?: string;
  /** For buttons that open something below. */
  readonly expanded?: boolean;
  /** As `aria-keyshortcuts` has it. */
  readonly keys?: string;
  readonly size?: 'md' | 'lg';
}

export function IconButton({
  label,
  icon: Icon,
  onClick,
  disabled = false,
  color = 'gray',
  expanded,
  keys,
  size = 'md',
}: IconButtonProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant={expanded === true ? 'light' : 'subtle'}
        color={color}
        size={size}
        aria-label={label}
        disabled={disabled}
        onClick={onClick}
        {...(expanded === undefined ? {} : { 'aria-expanded': expanded })}
        {...(keys === undefined ? {} : { 'aria-keyshortcuts': keys })}
        {...(disabled ? { style: { background: 'transparent' } } : {})}
      >
        <Icon size={size === 'lg' ? 18 : 16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
