/** Says that something did not work, why, and what to do. */
import { Alert, Button, List, Stack, Text } from '@mantine/core';
import { TriangleAlert } from 'lucide-react';
import { ApiFailure } from '../session/api-failure.ts';
import type { Texts } from '../texts/english.ts';
import { useTexts } from '../texts/texts-context.tsx';

/** The failure in words for people. What the API says in detail is added where it says more than the code does. */
export function failureText(cause: unknown, texts: Texts['common']): string {
  if (!(cause instanceof ApiFailure)) return texts.failures.INTERNAL;
  const saysMore = cause.code === 'CONFLICT' || cause.code === 'VALIDATION_ERROR' || cause.code === 'FORBIDDEN';
  return saysMore && cause.message !== ''
    ? `${texts.failures[cause.code]} ${cause.message}`
    : texts.failures[cause.code];
}

export function FailureNotice({ cause, onRetry }: { readonly cause: unknown; readonly onRetry?: () => void }) {
  const texts = useTexts().common;
  const failure = cause instanceof ApiFailure ? cause : null;
  return (
    <Alert color="red" icon={<TriangleAlert aria-hidden />} title={texts.failureTitle} role="alert" variant="light">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{failureText(cause, texts)}</Text>
        {failure !== null && failure.details.length > 0 && (
          <List size="sm">
            {failure.details.map(({ field, message }) => (
              <List.Item key={`${field} ${message}`}>{field === '' ? message : `${field}: ${message}`}</List.Item>
            ))}
          </List>
        )}
        {failure?.requestId != null && failure.status >= 500 && (
          <Text size="xs">{texts.requestId(failure.requestId)}</Text>
        )}
        {onRetry !== undefined && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {texts.retry}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
