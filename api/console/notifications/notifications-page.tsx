/** Who outside is told of alerts, and what could not be told. */
import { Badge, Button, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import type { Static } from 'typebox';
import type { NotificationStatus } from '../../notifications/notification-status.ts';
import type { WebhookJson } from '../../notifications/webhook-json.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';
import { SecretOnce } from '../ui/secret-once.tsx';
import { UndeliveredList } from './undelivered-list.tsx';
import { WebhookForm } from './webhook-form.tsx';
import { WebhookList } from './webhook-list.tsx';

export function NotificationsPage() {
  const texts = useTexts().notifications;
  const session = useSession();
  const [editing, setEditing] = useState<WebhookJson | 'new' | null>(null);
  const [told, setTold] = useState<{ readonly name: string; readonly secret: string } | null>(null);
  const status = useQuery({
    queryKey: ['deadLetter', 'status'],
    queryFn: () => session.call<Static<typeof NotificationStatus>>('GET', '/notifications/status'),
  });
  const waiting = status.data?.pending ?? 0;
  return (
    <Page
      title={texts.title}
      description={texts.description}
      actions={
        <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => setEditing('new')}>
          {texts.add}
        </Button>
      }
    >
      <Stack gap="xs">
        <Title order={2} size="h4">
          {texts.webhooks}{' '}
          {waiting > 0 && (
            <Badge color="yellow" variant="light">
              {texts.waiting(waiting)}
            </Badge>
          )}
        </Title>
        <WebhookList onEdit={setEditing} onSecret={({ name }, secret) => setTold({ name, secret })} />
      </Stack>
      <Stack gap="xs">
        <Title order={2} size="h4">
          {texts.undelivered}
        </Title>
        <UndeliveredList />
      </Stack>
      {editing !== null && (
        <WebhookForm
          webhook={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
          onSaved={({ name, secret }) => {
            setEditing(null);
            if (secret !== undefined) setTold({ name, secret });
          }}
        />
      )}
      {told !== null && (
        <SecretOnce
          title={texts.secretOf(told.name)}
          hint={texts.secretOnce}
          secret={told.secret}
          onClose={() => setTold(null)}
        />
      )}
    </Page>
  );
}
