/** Proof of play where no socket holds: batch after batch, each acknowledged by its answer. */
import type { HubHttp } from './hub-http.ts';
import type { PlaysKeeper } from './plays-keeper.ts';
import type { TokenKeeper } from './token-keeper.ts';

/** Sends what is due until nothing is, or a batch is not taken: that one is due again in a while. */
export async function deliverByHttp(
  plays: Pick<PlaysKeeper, 'due' | 'markSent' | 'acknowledge'>,
  http: Pick<HubHttp, 'log'>,
  tokens: Pick<TokenKeeper, 'get'>,
): Promise<void> {
  for (;;) {
    const entries = plays.due();
    if (entries.length === 0) return;
    const token = await tokens.get(false);
    if (!token.ok) return;
    plays.markSent(entries);
    const answer = await http.log(token.token, entries);
    if (!answer.ok) return;
    plays.acknowledge(entries.map(({ id }) => id));
  }
}
