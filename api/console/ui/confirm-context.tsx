/** Asks before something that cannot be undone. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { createContext, useContext, useState, type ReactNode } from 'react';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from './dialog.tsx';

export interface Question {
  readonly title: string;
  /** What will happen, and to what. */
  readonly message: ReactNode;
  /** The verb on the button, e.g. "Delete". */
  readonly confirm: string;
  readonly danger?: boolean;
  readonly onConfirm: () => void;
}

const ConfirmContext = createContext<((question: Question) => void) | null>(null);

export function ConfirmProvider({ children }: { readonly children: ReactNode }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const { cancel } = useTexts().common;
  const end = (): void => setQuestion(null);
  return (
    <ConfirmContext.Provider value={setQuestion}>
      {children}
      {question !== null && (
        <Dialog title={question.title} onClose={end}>
          <Stack>
            <Text size="sm" component="div">
              {question.message}
            </Text>
            <Group justify="flex-end">
              <Button variant="default" onClick={end} data-autofocus>
                {cancel}
              </Button>
              <Button
                {...(question.danger === false ? {} : { color: 'red' })}
                onClick={() => {
                  end();
                  question.onConfirm();
                }}
              >
                {question.confirm}
              </Button>
            </Group>
          </Stack>
        </Dialog>
      )}
    </ConfirmContext.Provider>
  );
}

/** Returns the function that asks. */
export function useConfirm(): (question: Question) => void {
  const ask = useContext(ConfirmContext);
  if (ask === null) throw new Error('useConfirm outside of ConfirmProvider');
  return ask;
}
