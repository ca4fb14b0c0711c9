import { writeSync } from 'node:fs';
import { systemClock, systemRandom } from '../../hosts/node/ports.ts';
import { openKernel } from '../kernel.ts';
import type { KubeObject, ResourceRef } from '../object.ts';
import { StatusError } from '../status.ts';
import { sqliteLog } from './sqlite-log.ts';

/**
 * The process that the store's torture kills: `store-victim FOLDER WRITERS WRITES`. Each writer owns one object and counts
 * it up; `try NAME N` is printed before a write is sent, `ack NAME N REVISION` after it was acknowledged, `no NAME N CODE`
 * when it was refused. Lines go out in one system call each, so that a trace shows them between the disk's calls.
 */
const REF: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
const [folder = '', writers = '16', writes = '1000000'] = process.argv.slice(2);
const filler = 'x'.repeat(1_500);

const say = (line: string): void => void writeSync(1, `${line}\n`);

const kernel = await openKernel({ log: sqliteLog(folder), clock: systemClock, random: systemRandom() });
const client = kernel.client();
say(`open ${kernel.journal.store.revision}`);

async function writer(name: string): Promise<void> {
  const key = { namespace: 'default', name };
  const found = await client.get<KubeObject & { data: { n: string } }>(REF, key).catch(() => undefined);
  let n = Number(found?.data.n ?? 0);
  for (let left = Number(writes); left > 0; left--) {
    n++;
    say(`try ${name} ${n}`);
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, data: { n: String(n), filler } };
    try {
      const stored =
        found || n > 1 ? await client.update<KubeObject>(REF, object) : await client.create<KubeObject>(REF, object);
      say(`ack ${name} ${n} ${stored.metadata.resourceVersion}`);
    } catch (error) {
      const code = error instanceof StatusError ? error.code : 0;
      say(`no ${name} ${n} ${code} ${error instanceof Error ? error.message : String(error)}`);
      if (code !== 507) return;
      n--;
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, index) => writer(`w${index}`)));
await kernel[Symbol.asyncDispose]();
say('closed');
