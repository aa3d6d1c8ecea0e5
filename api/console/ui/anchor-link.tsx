/** A link to another page of the console. */
import { Anchor, type AnchorProps } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

export interface AnchorLinkProps extends AnchorProps {
  /** Path below the console, e.g. `/devices/7`. */
  readonly to: string;
  readonly children: ReactNode;
  readonly 'aria-label'?: string;
}

export function AnchorLink({ to, children, ...rest }: AnchorLinkProps) {
  return (
    <Anchor component={Link} href={to} {...rest}>
      {children}
    </Anchor>
  );
}
