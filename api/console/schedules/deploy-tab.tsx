/** Sending a schedule to screens: how what is edited stands to what they play, where it is, and where it is to go. */
import { Alert, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { CircleCheck, FilePen, Info } from 'lucide-react';
import type { ScheduleJson } from '../../schedules/schedule-json.ts';
import { useMay, useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { readAll } from '../ui/list-query.ts';
import { Loaded } from '../ui/loaded.tsx';
import { DeployForm } from './deploy-form.tsx';
import { DeployedPlaces, type ScheduleTarget } from './deployed-places.tsx';

/** Targets that are read. Past it: the rest is not listed. */
const TARGETS_MAX = 400;

export interface DeployTabProps {
  /** As it is saved; null: it is not. */
  readonly schedule: ScheduleJson | null;
  readonly isDirty: boolean;
}

export function DeployTab({ schedule, isDirty }: DeployTabProps) {
  const texts = useTexts().scheduleDeploy;
  if (schedule === null)
    return (
      <Alert color="blue" icon={<Info aria-hidden />}>
        {texts.saveFirst}
      </Alert>
    );
  return <SavedDeployTab schedule={schedule} isDirty={isDirty} />;
}

function SavedDeployTab({ schedule, isDirty }: DeployTabProps & { readonly schedule: ScheduleJson }) {
  const texts = useTexts().scheduleDeploy;
  const session = useSession();
  const { manage } = useMay();
  const targets = useQuery({
    queryKey: ['schedule', schedule.id, 'targets'],
    queryFn: ({ signal }) =>
      readAll<ScheduleTarget>(session, `/schedules/${schedule.id}/targets`, {}, signal, TARGETS_MAX),
  });
  return (
    <Stack>
      <Standing schedule={schedule} />
      <Loaded query={targets} lines={3}>
        {(places) => (
          <>
            {places.length > 0 && <DeployedPlaces schedule={schedule} places={places} />}
            {manage &&
              schedule.status !== 'archived' &&
              (isDirty ? (
                <Alert color="orange" icon={<FilePen aria-hidden />}>
                  {texts.unsavedFirst}
                </Alert>
              ) : (
                <DeployForm schedule={schedule} places={places} />
              ))}
          </>
        )}
      </Loaded>
    </Stack>
  );
}

/** How what is saved stands to what screens play. */
function Standing({ schedule }: { readonly schedule: ScheduleJson }) {
  const texts = useTexts().scheduleDeploy;
  const { deployedVersion, deployed, hasUndeployedChanges, version } = schedule;
  if (deployedVersion === null || !deployed)
    return (
      <Alert color="gray" icon={<Info aria-hidden />} role="status">
        {deployedVersion === null ? texts.neverDeployed : texts.notDeployed}
      </Alert>
    );
  if (hasUndeployedChanges)
    return (
      <Alert color="orange" icon={<FilePen aria-hidden />} title={texts.differs} role="status">
        {texts.differsHint(deployedVersion, version)}
      </Alert>
    );
  return (
    <Alert color="teal" icon={<CircleCheck aria-hidden />} role="status">
      {texts.isCurrent(version)}
    </Alert>
  );
}
