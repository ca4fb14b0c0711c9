import { type Random, seededRandom, VirtualClock } from '../base/index.ts';
import type { Client } from './client.ts';
import { memoryLog } from './drivers/memory-log.ts';
import { type Kernel, type KernelPorts, openKernel } from './kernel.ts';
import type { KubeObject, ResourceRef } from './object.ts';

/** A kernel for tests: in memory, in virtual time, with the real catalog, admission and merge. */
export async function testKernel(
  ports: Partial<KernelPorts> = {},
): Promise<{ kernel: Kernel; client: Client; clock: VirtualClock; random: Random }> {
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const kernel = await openKernel({ log: memoryLog(), clock, random, ...ports });
  return { kernel, client: kernel.client(), clock, random };
}

export const CONFIG_MAPS: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
export const PODS: ResourceRef = { group: '', version: 'v1', resource: 'pods' };
export const NAMESPACES: ResourceRef = { group: '', version: 'v1', resource: 'namespaces' };
export const DEPLOYMENTS: ResourceRef = { group: 'apps', version: 'v1', resource: 'deployments' };

export const configMap = (
  name: string,
  data: Record<string, string> = {},
  more: Partial<KubeObject['metadata']> = {},
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', ...more },
  data,
});

export const pod = (name: string, spec: object = {}, more: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', ...more },
  spec: { containers: [{ name: 'main', image: 'example.org/main:1' }], ...spec },
});

export const deployment = (name: string, replicas = 1): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'example.org/main:1' }] },
    },
  },
});
