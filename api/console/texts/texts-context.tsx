/** The language of the console. */
import { createContext, useContext } from 'react';
import { english, type Texts } from './english.ts';

const TextsContext = createContext<Texts>(english);

/** What the console says, e.g. `useTexts().alerts.raise`. */
export function useTexts(): Texts {
  return useContext(TextsContext);
}
