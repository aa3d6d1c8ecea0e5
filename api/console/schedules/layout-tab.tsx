/** What is shown where: the canvas with its zones, and beside it the zone that is chosen. */
import { Button, Grid, Group, List, Alert, Stack, Text } from '@mantine/core';
import { Play } from 'lucide-react';
import { useState } from 'react';
import type { Layout, Timing } from '../../../protocol/schedule.ts';
import { useTexts } from '../texts/texts-context.tsx';
import type { ChangeLayout } from './change-layout.ts';
import { LayoutCanvas } from './layout-canvas.tsx';
import { layoutProblems } from './layout-problems.ts';
import { LayoutPreview } from './layout-preview.tsx';
import { LayoutToolbar } from './layout-toolbar.tsx';
import { problemTexts } from './problem-texts.ts';
import { ZonePanel } from './zone-panel.tsx';

export interface LayoutTabProps {
  readonly layout: Layout;
  readonly timing: Timing;
  /** null: it is only looked at. */
  readonly onChange: ChangeLayout | null;
}

export function LayoutTab({ layout, timing, onChange }: LayoutTabProps) {
  const texts = useTexts().schedules;
  const [chosen, setChosen] = useState<string | null>(layout.zones[0]?.id ?? null);
  const [isSnapping, setSnapping] = useState(true);
  const [isPlaying, setPlaying] = useState(false);
  const zone = layout.zones.find(({ id }) => id === chosen) ?? null;
  const problems = problemTexts(layout, layoutProblems(layout), texts.layout);
  return (
    <Grid gap="md">
      <Grid.Col span={{ base: 12, lg: 7 }}>
        <Stack gap="sm">
          <Group justify="space-between" gap="xs">
            {onChange !== null ? (
              <LayoutToolbar
                layout={layout}
                onChange={onChange}
                onChosen={setChosen}
                isSnapping={isSnapping}
                onSnapping={setSnapping}
              />
            ) : (
              <Text size="sm" c="dimmed">
                {texts.layout.zonePlace(layout.width, layout.height)}
              </Text>
            )}
            <Button
              variant="default"
              leftSection={<Play size={16} aria-hidden />}
              onClick={() => setPlaying(true)}
              disabled={layout.zones.length === 0}
            >
              {texts.preview.open}
            </Button>
          </Group>
          <LayoutCanvas
            layout={layout}
            chosen={chosen}
            onChosen={setChosen}
            onChange={onChange}
            isSnapping={isSnapping}
          />
          {onChange !== null && (
            <Text size="xs" c="dimmed" visibleFrom="sm">
              {texts.layout.canvasShort}
            </Text>
          )}
          {problems.length > 0 && (
            <Alert color="yellow" p="sm" aria-label={texts.layout.problemsLabel} role="status">
              <List size="sm">
                {problems.map((problem) => (
                  <List.Item key={problem}>{problem}</List.Item>
                ))}
              </List>
            </Alert>
          )}
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 5 }}>
        {zone === null ? (
          <Text c="dimmed" size="sm">
            {texts.layout.pickZone}
          </Text>
        ) : (
          <ZonePanel key={zone.id} layout={layout} zone={zone} onChange={onChange} onChosen={setChosen} />
        )}
      </Grid.Col>
      {isPlaying && <LayoutPreview layout={layout} timing={timing} onClose={() => setPlaying(false)} />}
    </Grid>
  );
}
