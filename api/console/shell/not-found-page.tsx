/** An address that leads nowhere. */
import { Button } from '@mantine/core';
import { MapPinOff } from 'lucide-react';
import { Link } from 'wouter';
import { useTexts } from '../texts/texts-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Page } from '../ui/page.tsx';

export function NotFoundPage() {
  const texts = useTexts().shell;
  return (
    <Page title={texts.notFound}>
      <EmptyState
        icon={MapPinOff}
        title={texts.notFound}
        hint={texts.notFoundHint}
        action={
          <Button component={Link} href="/">
            {texts.toOverview}
          </Button>
        }
      />
    </Page>
  );
}
