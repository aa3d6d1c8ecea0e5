/** One schedule, or a new one (`/schedules/new`). */
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'wouter';
import type { ScheduleJson } from '../../schedules/schedule-json.ts';
import { useMay, useSession, useUser } from '../session/session-context.tsx';
import { NotFoundPage } from '../shell/not-found-page.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { ScheduleEditor } from './schedule-editor.tsx';

export function SchedulePage() {
  const { id } = useParams<{ id: string }>();
  const { manage } = useMay();
  const user = useUser();
  if (id === 'new' && manage)
    return <ScheduleEditor schedule={null} groupId={user.role === 'admin' ? null : (user.groupIds[0] ?? null)} />;
  if (!/^[1-9]\d*$/.test(id)) return <NotFoundPage />;
  return <SavedSchedule id={Number(id)} />;
}

function SavedSchedule({ id }: { readonly id: number }) {
  const { title } = useTexts().schedules;
  const session = useSession();
  const query = useQuery({
    queryKey: ['schedule', id],
    queryFn: ({ signal }) => session.call<ScheduleJson>('GET', `/schedules/${id}`, { signal }),
  });
  if (query.data === undefined)
    return (
      <Page title={title}>
        <Loaded query={query} lines={10}>
          {() => null}
        </Loaded>
      </Page>
    );
  return <ScheduleEditor key={id} schedule={query.data} groupId={null} />;
}
