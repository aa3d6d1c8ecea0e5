/** Keeps the frame standing, with its button for alerts, when a page of the console breaks or cannot be fetched. */
import { Button } from '@mantine/core';
import { Bug } from 'lucide-react';
import { Component, type ErrorInfo, type ReactNode } from 'react';
import { useTexts } from '../texts/texts-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';

export class PageBoundary extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidCatch(cause: Error, info: ErrorInfo): void {
    console.error('a page broke', cause, info.componentStack);
  }

  override render(): ReactNode {
    return this.state.failed ? <PageFailed /> : this.props.children;
  }
}

function PageFailed() {
  const texts = useTexts().shell;
  return (
    <EmptyState
      icon={Bug}
      title={texts.pageFailed}
      hint={texts.pageFailedHint}
      action={<Button onClick={() => location.reload()}>{texts.reload}</Button>}
    />
  );
}
