import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadKubeconfig } from '../hosts/node/cluster-documents.ts';
import { type Loaded, loadFolder, loadRevision } from '../hosts/node/documents.ts';
import type { KubeObject } from '../kernel/index.ts';
import { runningOn, stateFolderPath } from '../hosts/node/state.ts';
import { type Invocation, type OptionDefinition, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

/** Options of every command that asks about documents (CONTRACTS: a command's target). */
export const TARGET_OPTIONS: Readonly<Record<string, OptionDefinition>> = {
  dir: {
    type: 'string',
    value: 'DIR',
    help: { en: 'Ask about the manifests of this folder', zh: '针对此文件夹中的清单提问' },
  },
  at: {
    type: 'string',
    value: 'REV',
    help: { en: 'The folder as it was at this git revision', zh: '使用该文件夹在此 git 版本的内容' },
  },
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    help: { en: 'Ask about the cluster of this kubeconfig', zh: '针对此 kubeconfig 指向的集群提问' },
  },
  state: {
    type: 'string',
    value: 'DIR',
    help: { en: 'Ask about the Tenon running on this state folder', zh: '针对此状态文件夹上运行的 Tenon 提问' },
  },
};

/** `--kubeconfig`, else a folder (unless what runs is asked about), else the running Tenon, else a Fault. */
export async function loadTarget(invocation: Invocation, { live = false } = {}): Promise<Loaded> {
  const { options, environment } = invocation;
  const kubeconfig = stringOption(options, 'kubeconfig');
  if (kubeconfig !== undefined) return loadKubeconfig(kubeconfig);
  const dir = live ? undefined : stringOption(options, 'dir');
  if (dir !== undefined) {
    if (!existsSync(dir)) throw cliFaults.error('no-such-folder', { path: dir, reason: 'no such file or folder' });
    const revision = stringOption(options, 'at');
    return revision === undefined ? loadFolder(dir) : loadRevision(dir, revision);
  }
  const state = stateFolderPath(stringOption(options, 'state'), environment);
  if (runningOn(state) === undefined) throw cliFaults.error('no-target', { state });
  return loadKubeconfig(join(state, 'kubeconfig'));
}

/** Objects of a cluster with the places a folder writes them at; what the folder does not write keeps its own place. */
export function withSource(loaded: Loaded, source: Loaded): Loaded {
  const keyOf = ({ apiVersion, kind, metadata }: KubeObject): string =>
    `${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}/${kind}/${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
  const written = new Map(source.objects.map(object => [keyOf(object), object]));
  return {
    ...loaded,
    originOf: (object, pointer) => {
      const found = written.get(keyOf(object));
      return found ? source.originOf(found, pointer) : loaded.originOf(object, pointer);
    },
  };
}
