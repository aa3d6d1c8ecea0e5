/** Which time and what a report is about. Each report has those filters that the API has for it. */
import { Select, SimpleGrid, TextInput } from '@mantine/core';
import { useMemo } from 'react';
import { GroupSelect } from '../pickers/group-select.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { SearchField } from '../ui/search-field.tsx';
import { NamedSelect } from './named-select.tsx';
import { PRESETS } from './report-dates.ts';
import { ownTimezone, type ReportView, type Tab } from './report-view.ts';

type Filter = 'group' | 'device' | 'content' | 'schedule' | 'during' | 'severity' | 'search';

const FILTERS: Readonly<Record<Tab, readonly Filter[]>> = {
  usage: ['group', 'device', 'content', 'schedule', 'during'],
  plays: ['group', 'device', 'content', 'schedule', 'during'],
  expected: ['group', 'device'],
  availability: ['group', 'device', 'search'],
  alerts: ['severity'],
};

export function ReportFilters({ report }: { readonly report: ReportView }) {
  const has = new Set(FILTERS[report.tab]);
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm" style={{ alignItems: 'end' }}>
      <TimeFilters report={report} />
      <ThingFilters report={report} has={has} />
      {has.has('during') && <DuringFilter report={report} />}
      {has.has('severity') && <AlertFilters report={report} />}
      {has.has('search') && <DeviceSearch report={report} />}
    </SimpleGrid>
  );
}

interface FilterProps {
  readonly report: ReportView;
}

function TimeFilters({ report: { preset, days, timezone, choose } }: FilterProps) {
  const texts = useTexts().reports;
  const zones = useMemo(() => {
    const known = Intl.supportedValuesOf('timeZone');
    return [...new Set([ownTimezone(), 'UTC', ...known])];
  }, []);
  return (
    <>
      <Select
        label={texts.time}
        data={PRESETS.map((value) => ({ value, label: texts.presets[value] }))}
        value={preset}
        allowDeselect={false}
        onChange={(next) =>
          choose(next === 'own' ? { from: days.first, to: days.last } : { preset: next ?? 'week', from: '', to: '' })
        }
      />
      {preset === 'own' && (
        <>
          <TextInput
            type="date"
            label={texts.from}
            value={days.first}
            max={days.last}
            onChange={(event) => choose({ from: event.currentTarget.value, to: days.last })}
          />
          <TextInput
            type="date"
            label={texts.until}
            value={days.last}
            min={days.first}
            onChange={(event) => choose({ from: days.first, to: event.currentTarget.value })}
          />
        </>
      )}
      <Select
        label={texts.timezone}
        data={zones}
        value={timezone}
        allowDeselect={false}
        searchable
        limit={60}
        onChange={(zone) => choose({ timezone: zone ?? '' })}
      />
    </>
  );
}

function ThingFilters({ report: { view, choose }, has }: FilterProps & { readonly has: ReadonlySet<Filter> }) {
  const texts = useTexts().reports;
  return (
    <>
      {has.has('group') && (
        <GroupSelect
          label={texts.group}
          placeholder={texts.anyGroup}
          value={view.groupId === '' ? null : Number(view.groupId)}
          onChange={(id) => choose({ groupId: id === null ? '' : String(id) })}
        />
      )}
      {has.has('device') && (
        <NamedSelect
          label={texts.device}
          placeholder={texts.anyDevice}
          entity="device"
          path="/devices"
          value={view.deviceId}
          onChange={(deviceId) => choose({ deviceId })}
        />
      )}
      {has.has('content') && (
        <NamedSelect
          label={texts.content}
          placeholder={texts.anyContent}
          entity="content"
          path="/content"
          value={view.contentId}
          onChange={(contentId) => choose({ contentId })}
        />
      )}
      {has.has('schedule') && (
        <NamedSelect
          label={texts.schedule}
          placeholder={texts.anySchedule}
          entity="schedule"
          path="/schedules"
          value={view.scheduleId}
          onChange={(scheduleId) => choose({ scheduleId })}
        />
      )}
    </>
  );
}

function DuringFilter({ report: { view, choose } }: FilterProps) {
  const texts = useTexts().reports;
  return (
    <Select
      label={texts.during}
      data={[
        { value: 'all', label: texts.duringAll },
        { value: 'normal', label: texts.duringNormal },
        { value: 'alert', label: texts.duringAlert },
      ]}
      value={view.during}
      allowDeselect={false}
      onChange={(during) => choose({ during: during ?? 'all' })}
    />
  );
}

function AlertFilters({ report: { view, choose } }: FilterProps) {
  const { reports: texts, common } = useTexts();
  return (
    <>
      <Select
        label={texts.severity}
        placeholder={texts.anySeverity}
        data={(['info', 'warning', 'critical'] as const).map((value) => ({ value, label: common.severity[value] }))}
        value={view.severity === '' ? null : view.severity}
        clearable
        clearButtonProps={{ 'aria-label': texts.anySeverity }}
        onChange={(severity) => choose({ severity: severity ?? '' })}
      />
      <Select
        label={texts.drills}
        data={[
          { value: 'all', label: texts.drillsAll },
          { value: 'false', label: texts.drillsNone },
          { value: 'true', label: texts.drillsOnly },
        ]}
        value={view.drill === '' ? 'all' : view.drill}
        allowDeselect={false}
        onChange={(drill) => choose({ drill: drill === null || drill === 'all' ? '' : drill })}
      />
    </>
  );
}

function DeviceSearch({ report: { view, choose } }: FilterProps) {
  const texts = useTexts().reports;
  return <SearchField label={texts.search} value={view.q} onChange={(q) => choose({ q })} />;
}
