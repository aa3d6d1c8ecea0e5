/** The groups that screens stand in, as a tree, and the one that is chosen. */
import { Button, Card, Grid, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { ArrowLeft, FolderPlus, Network } from 'lucide-react';
import { useState } from 'react';
import { useGroups, type GroupForest } from '../pickers/groups.ts';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { useUrlState } from '../ui/url-state.ts';
import type { Dragged } from './dragged.ts';
import { NewGroupDialog } from './group-form.tsx';
import { GroupPanel } from './group-panel.tsx';
import { GroupTree } from './group-tree.tsx';
import { useGroupTree } from './use-group-tree.ts';
import { useGroupsNews } from './groups-news.ts';
import { useMoves } from './use-moves.tsx';

const VIEW = { group: '', q: '' };

export function GroupsPage() {
  const texts = useTexts().groups;
  const { manage, administer } = useMay();
  const groups = useGroups();
  const [adding, setAdding] = useState(false);
  const [, setView] = useUrlState(VIEW);
  useGroupsNews();
  const add = (
    <Button leftSection={<FolderPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      {texts.add}
    </Button>
  );
  // Managers add below a group of theirs.
  const canAdd = administer || (manage && (groups.data?.byId.size ?? 0) > 0);
  return (
    <Page title={texts.title} description={texts.description} {...(canAdd ? { actions: add } : {})}>
      <Loaded query={groups} lines={8}>
        {(forest) =>
          forest.byId.size === 0 ? (
            <EmptyState
              icon={Network}
              title={texts.none}
              hint={administer ? texts.noneHint : texts.noneForYou}
              {...(administer ? { action: add } : {})}
            />
          ) : (
            <TreeAndPanel forest={forest} />
          )
        }
      </Loaded>
      {adding && (
        <NewGroupDialog
          parentId={administer ? null : (groups.data?.roots[0]?.group.id ?? null)}
          onClose={() => setAdding(false)}
          onMade={({ id }) => setView({ group: String(id) })}
        />
      )}
    </Page>
  );
}

function TreeAndPanel({ forest }: { readonly forest: GroupForest }) {
  const texts = useTexts().groups;
  const [view, setView] = useUrlState(VIEW);
  const [dragged, setDragged] = useState<Dragged | null>(null);
  const isNarrow = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  const dragging = { dragged, setDragged };
  const group = forest.byId.get(Number(view.group)) ?? null;
  const { tree: controller, reveal } = useGroupTree(forest, group?.id ?? null);
  const moves = useMoves(forest, reveal);
  const select = (groupId: number | null): void => setView({ group: groupId === null ? '' : String(groupId) });
  const tree = (
    <GroupTree
      tree={controller}
      forest={forest}
      search={view.q}
      onSearch={(q) => setView({ q })}
      selected={group?.id ?? null}
      onSelect={select}
      dragging={dragging}
      moves={moves}
    />
  );
  const panel = group !== null && (
    <GroupPanel
      group={group}
      forest={forest}
      dragging={dragging}
      moves={moves}
      onSelect={select}
      onMade={(made) => {
        reveal(made.parentId);
        select(made.id);
      }}
    />
  );
  if (isNarrow)
    return panel === false ? (
      tree
    ) : (
      <>
        <Button
          variant="default"
          leftSection={<ArrowLeft size={16} aria-hidden />}
          onClick={() => select(null)}
          style={{ alignSelf: 'flex-start' }}
        >
          {texts.backToTree}
        </Button>
        {panel}
      </>
    );
  return (
    <Grid>
      <Grid.Col span={{ base: 12, sm: 5, lg: 4 }}>{tree}</Grid.Col>
      <Grid.Col span={{ base: 12, sm: 7, lg: 8 }}>
        {panel === false ? (
          <Card withBorder padding="xl">
            <Text c="dimmed" ta="center">
              {texts.choose}
            </Text>
          </Card>
        ) : (
          panel
        )}
      </Grid.Col>
    </Grid>
  );
}
