import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Clock, type Random, sleep } from '../../base/index.ts';
import { type Client, connectKubeconfig, type KubeObject, openKernel, type ResourceRef } from '../../kernel/index.ts';
import { sqliteLog } from '../../kernel/drivers/sqlite-log.ts';

const REF: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
const NAMESPACE = 'default';
/** With its metadata an object is about 2 KiB. */
const FILLER = 'x'.repeat(1_700);
const FILL_AT_ONCE = 200;
const WRITERS = 16;
const READY_MS_MAX = 60_000;
const LOAD_MS_MAX = 500;

/** A real `tenon up`, killed again and again under load on one state folder. */
export interface ServerTorture {
  /** The launcher. */
  readonly program: string;
  /** A state folder; its store is filled up to `objects` first. */
  readonly folder: string;
  readonly objects: number;
  readonly kills: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly report?: (line: string) => void;
}

export interface ServerTortureResult {
  readonly kills: number;
  readonly acknowledged: number;
  /** Milliseconds from starting the program to `ready in`, one a start, sorted. */
  readonly restarts_ms: readonly number[];
  /** Sentences about what was lost or went back; empty when all is well. */
  readonly violations: readonly string[];
}

/** What one writer knows of its own object. */
interface Known {
  acknowledged: number;
  tried: number;
}

const configMap = (name: string, data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: NAMESPACE, name },
  data,
});

/** Puts objects into the store of a folder nobody runs on. */
export async function fillStore(
  folder: string,
  count: number,
  machine: { clock: Clock; random: Random },
): Promise<void> {
  await using kernel = await openKernel({ log: sqliteLog(join(folder, 'store')), ...machine });
  const client = kernel.client();
  const present = (await client.list(REF, { namespace: NAMESPACE })).items.length;
  for (let from = present; from < count; from += FILL_AT_ONCE) {
    const names = Array.from({ length: Math.min(FILL_AT_ONCE, count - from) }, (_, index) => `fill-${from + index}`);
    await Promise.all(names.map(name => client.create(REF, configMap(name, { filler: FILLER }))));
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  readonly ready_ms: number;
}

function startServer({ program, folder, clock }: ServerTorture): Promise<Started> {
  const begin = clock.monotonic();
  const ports = ['--api-port', '0', '--console-port', '0', '--ingress-port', '0'];
  const child = spawn(program, ['up', '--state', folder, '--layers', 'api', ...ports], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<unknown>(resolve => child.once('exit', resolve));
  return new Promise((resolve, reject) => {
    let said = '';
    const limit = clock.after(READY_MS_MAX, () => {
      child.kill('SIGKILL');
      reject(new Error(`not ready after ${READY_MS_MAX} ms: ${said}`));
    });
    const take = (chunk: Buffer): void => {
      said += chunk.toString();
      if (!said.includes('ready in')) return;
      limit.cancel();
      resolve({ child, ended, ready_ms: clock.monotonic() - begin });
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('exit', code => {
      limit.cancel();
      reject(new Error(`tenon up ended with ${code}: ${said}`));
    });
  });
}

/** Counts one object up until the server is gone; returns the highest acknowledged version. */
async function write(client: Client, name: string, known: Known, gone: () => boolean): Promise<number> {
  let highest = 0;
  while (!gone()) {
    known.tried++;
    const n = String(known.tried);
    const stored = await client
      .patch(REF, { namespace: NAMESPACE, name }, { type: 'merge', patch: { data: { n } } })
      .catch(() => undefined);
    if (!stored) break;
    known.acknowledged = known.tried;
    highest = Math.max(highest, Number(stored.metadata.resourceVersion));
  }
  return highest;
}

/** Compares what a started server holds with what earlier ones promised. */
async function check(
  client: Client,
  objects: number,
  known: ReadonlyMap<string, Known>,
  highest: number,
): Promise<string[]> {
  const violations: string[] = [];
  const page = await client.list(REF, { namespace: NAMESPACE, limit: 1 });
  const revision = Number(page.metadata.resourceVersion);
  const found = page.items.length + (page.metadata.remainingItemCount ?? 0);
  const expected = objects + known.size;
  if (revision < highest) violations.push(`the resourceVersion went back from ${highest} to ${revision}`);
  if (found < expected) violations.push(`${expected} objects were acknowledged, ${found} are there`);
  for (const [name, { acknowledged, tried }] of known) {
    const object = await client.get<KubeObject & { data: { n: string } }>(REF, { namespace: NAMESPACE, name });
    const n = Number(object.data.n);
    if (n < acknowledged) violations.push(`${name}: ${acknowledged} was acknowledged, ${n} is there`);
    if (n > tried) violations.push(`${name}: ${n} is there, but only ${tried} was ever sent`);
  }
  return violations;
}

/** Starts the program on the folder, checks what it holds, writes for a while, kills it; as often as asked, and checks once more. */
export async function tortureServer(torture: ServerTorture): Promise<ServerTortureResult> {
  const { folder, objects, kills, clock, random, signal, report } = torture;
  await fillStore(folder, objects, torture);
  const known = new Map<string, Known>();
  const violations: string[] = [];
  const restarts_ms: number[] = [];
  let acknowledged = 0;
  let highest = 0;
  for (let kill = 0; !signal.aborted; kill++) {
    const { child, ended, ready_ms } = await startServer(torture);
    restarts_ms.push(ready_ms);
    await using connection = connectKubeconfig(join(folder, 'kubeconfig'));
    const { client } = connection;
    try {
      const found = await check(client, objects, known, highest);
      violations.push(...found.map(text => `after kill ${kill}: ${text}`));
      if (kill === kills) break;
      for (let index = known.size; index < WRITERS; index++) {
        await client.create(REF, configMap(`writer-${index}`, { n: '0' }));
        known.set(`writer-${index}`, { acknowledged: 0, tried: 0 });
      }
      const before = [...known.values()].reduce((total, one) => total + one.acknowledged, 0);
      let gone = false;
      const writing = [...known].map(([name, own]) => write(client, name, own, () => gone));
      await sleep(clock, random.next() * LOAD_MS_MAX);
      child.kill('SIGKILL');
      await ended;
      gone = true;
      highest = Math.max(highest, ...(await Promise.all(writing)));
      acknowledged += [...known.values()].reduce((total, one) => total + one.acknowledged, 0) - before;
      report?.(`kill ${kill + 1}: ready after ${Math.round(ready_ms)} ms, ${acknowledged} acknowledged so far`);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  }
  restarts_ms.sort((left, right) => left - right);
  return { kills: restarts_ms.length - 1, acknowledged, restarts_ms, violations };
}
