import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Text } from '../base/index.ts';
import {
  type Client,
  connectKubeconfig,
  type KubeObject,
  type RemoteTransport,
  type ResourceRef,
  splitApiVersion,
  StatusError,
} from '../kernel/index.ts';
import { documentOf } from '../hosts/node/object-document.ts';
import { type Command, EXIT, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

const DONE: Text = {
  en: '{count} objects of {kinds} kinds in {folder}; the values of {secrets} Secrets are left out',
  zh: '已将 {kinds} 类共 {count} 个对象写入 {folder}；{secrets} 个 Secret 的值已隐去',
};
const SKIPPED: Text = { en: 'not read: {resource}: {cause}', zh: '未读取：{resource}：{cause}' };

/** Churn that says nothing about what a cluster is meant to be. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'events',
  'events.events.k8s.io',
  'leases.coordination.k8s.io',
  'componentstatuses',
]);
const PAGE = 500;

interface ServedResource {
  readonly name: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

async function read<T>(transport: RemoteTransport, path: string): Promise<T> {
  const { status, text } = await transport.send({ method: 'GET', path });
  if (status !== 200) throw new Error(`GET ${path} answered ${status}`);
  return JSON.parse(text) as T;
}

/** Every collection the cluster serves, each in its preferred version. */
async function servedResources(
  transport: RemoteTransport,
  skip: (what: string, why: unknown) => void,
): Promise<ResourceRef[]> {
  const { groups } = await read<{ groups: { preferredVersion: { groupVersion: string } }[] }>(transport, '/apis');
  const versions = ['v1', ...groups.map(group => group.preferredVersion.groupVersion)];
  const refs: ResourceRef[] = [];
  for (const version of versions) {
    const path = version === 'v1' ? '/api/v1' : `/apis/${version}`;
    try {
      const { resources } = await read<{ resources: ServedResource[] }>(transport, path);
      for (const { name, verbs } of resources) {
        const ref = { ...splitApiVersion(version), resource: name };
        if (!name.includes('/') && verbs.includes('list') && !LEFT_OUT.has(qualified(ref))) refs.push(ref);
      }
    } catch (error) {
      // An aggregated API whose server is away must not keep the rest from being read.
      skip(version, error);
    }
  }
  return refs;
}

const qualified = ({ group, resource }: ResourceRef): string => (group === '' ? resource : `${resource}.${group}`);

/** A name as one part of a path, whatever the server says. */
const part = (name: string): string => encodeURIComponent(name).replace(/^\.+$/, dots => '%2E'.repeat(dots.length));

async function copyResource(client: Client, ref: ResourceRef, folder: string): Promise<KubeObject[]> {
  const copied: KubeObject[] = [];
  let next: string | undefined;
  do {
    const page = await client.list(ref, { limit: PAGE, ...(next ? { continue: next } : {}) });
    for (const item of page.items) {
      const { namespace, name = '' } = item.metadata;
      const at = join(folder, namespace ? part(namespace) : '_cluster', part(qualified(ref)));
      mkdirSync(at, { recursive: true });
      writeFileSync(
        join(at, `${part(name)}.yaml`),
        stringify(documentOf(item), { aliasDuplicateObjects: false, version: '1.1' }),
      );
      copied.push(item);
    }
    next = page.metadata.continue;
  } while (next);
  return copied;
}

export const command: Command = {
  name: 'import',
  summary: { en: 'Copy a cluster into a folder of manifests', zh: '将集群复制为清单文件夹' },
  usage: '--kubeconfig FILE FOLDER',
  words: 1,
  options: {
    kubeconfig: {
      type: 'string',
      value: 'FILE',
      help: { en: 'The cluster to read; nothing is written to it', zh: '要读取的集群；不会对其写入' },
    },
    context: {
      type: 'string',
      value: 'NAME',
      help: { en: 'Another context than the current one', zh: '使用非当前的上下文' },
    },
  },
  examples: ['tenon import --kubeconfig ~/.kube/config snapshot'],
  async run({ options, positionals, terminal }) {
    const file = stringOption(options, 'kubeconfig');
    const [target] = positionals;
    if (file === undefined) throw cliFaults.error('missing-argument', { command: 'import', what: '--kubeconfig FILE' });
    if (target === undefined) throw cliFaults.error('missing-argument', { command: 'import', what: 'a folder' });
    const folder = resolve(target);
    await using connection = connectKubeconfig(file, stringOption(options, 'context'));
    const skip = (what: string, why: unknown): void =>
      terminal.err(
        SKIPPED[terminal.language]
          .replace('{resource}', what)
          .replace('{cause}', why instanceof Error ? why.message : String(why)),
      );
    let count = 0;
    let kinds = 0;
    let secrets = 0;
    for (const ref of await servedResources(connection.transport, skip)) {
      try {
        const copied = await copyResource(connection.client, ref, folder);
        if (copied.length > 0) kinds++;
        count += copied.length;
        if (qualified(ref) === 'secrets') secrets += copied.length;
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        skip(qualified(ref), error);
      }
    }
    const values: Record<string, string> = { count: `${count}`, kinds: `${kinds}`, secrets: `${secrets}`, folder };
    terminal.out(DONE[terminal.language].replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ''));
    return EXIT.yes;
  },
};
