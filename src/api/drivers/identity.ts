import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Random } from '../../base/index.ts';
import { openAuthorities, writeWhole } from './pki.ts';

/** What must be the same in every API server of one cluster: who signs certificates, and what signs tokens. */
const SHARED = ['ca.crt', 'ca.key', 'front-proxy-ca.crt', 'front-proxy-ca.key', 'sa.key'] as const;

/** Throws where a file is not what its name says: nothing else may be written into the state folder. */
function check(name: string, text: unknown): string {
  if (typeof text !== 'string') throw new TypeError(`the shared identity has no ${name}`);
  if (name.endsWith('.crt')) void new X509Certificate(text);
  else createPrivateKey(text);
  return text;
}

/**
 * Settles with the other servers of a store whose authorities and token key all of them use; `agree` is given ours and answers
 * everybody's. Certificates of this server's own that another authority signed are made anew when they are read.
 */
export async function shareIdentity(
  state: string,
  agree: (mine: string) => Promise<string>,
  clock: Clock,
  random: Random,
): Promise<void> {
  const folder = join(state, 'pki');
  await openAuthorities(folder, clock, random);
  const files = await Promise.all(
    SHARED.map(async name => [name, await readFile(join(folder, name), 'utf8')] as const),
  );
  const mine = JSON.stringify(Object.fromEntries(files));
  const settled = await agree(mine);
  if (settled === mine) return;
  const theirs = JSON.parse(settled) as Record<string, unknown>;
  const checked = SHARED.map(name => [name, check(name, theirs[name])] as const);
  for (const [name, text] of checked) await writeWhole(join(folder, name), text, name.endsWith('.key') ? 0o600 : 0o644);
}
