/** Who is signed in, how the console looks, and the way out. */
import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core';
import { CircleUserRound, LogOut, Monitor, Moon, Sun, UserCog } from 'lucide-react';
import { Link } from 'wouter';
import { useSession, useUser } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';

export function AccountMenu() {
  const texts = useTexts().shell;
  const session = useSession();
  const user = useUser();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const schemes = [
    { value: 'light', label: texts.light, icon: Sun },
    { value: 'dark', label: texts.dark, icon: Moon },
    { value: 'auto', label: texts.asSystem, icon: Monitor },
  ] as const;
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={texts.accountOf(user.displayName)}>
          <CircleUserRound size={22} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {user.displayName} · {user.tenantName}
        </Menu.Label>
        <Menu.Item component={Link} href="/account" leftSection={<UserCog size={16} aria-hidden />}>
          {texts.ownAccount}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{texts.colours}</Menu.Label>
        {schemes.map(({ value, label, icon: Icon }) => (
          <Menu.Item
            key={value}
            role="menuitemradio"
            aria-checked={colorScheme === value}
            fw={colorScheme === value ? 700 : 400}
            leftSection={<Icon size={16} aria-hidden />}
            onClick={() => setColorScheme(value)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={16} aria-hidden />} onClick={() => void session.signOut()}>
          {texts.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
