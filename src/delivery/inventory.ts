import { type Client, isNotFound, type KubeObject, type ResourceRef } from '../kernel/index.ts';
import type { Delivered } from './model.ts';
import type { Inventory } from './ports.ts';

const CONFIG_MAPS: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
const NAMESPACE = 'kube-system';
/** Below the 1 MiB an object may have; larger inventories go on in further objects. */
const CHUNK_CHARACTERS = 512 * 1024;

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/** FNV-1a: a stable, short name for a source. */
export function sourceId(name: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** Keeps the inventory as ConfigMaps `tenon-source-<id>-<n>` in kube-system, one JSON line an object. */
export function clusterInventory(client: Client, source: string): Inventory {
  const label = `tenon.dev/source=${sourceId(source)}`;
  const chunks = async (): Promise<ConfigMap[]> => {
    const list = await client.list<ConfigMap>(CONFIG_MAPS, { namespace: NAMESPACE, labelSelector: label });
    return [...list.items].sort((left, right) => (left.metadata.name! < right.metadata.name! ? -1 : 1));
  };
  return {
    read: async () =>
      (await chunks()).flatMap(chunk =>
        (chunk.data?.objects ?? '')
          .split('\n')
          .filter(Boolean)
          .map(line => JSON.parse(line) as Delivered),
      ),
    write: async delivered => {
      const texts = [''];
      for (const item of delivered) {
        const line = `${JSON.stringify(item)}\n`;
        if (texts.at(-1)!.length + line.length > CHUNK_CHARACTERS) texts.push('');
        texts[texts.length - 1] += line;
      }
      for (const [index, objects] of texts.entries()) {
        const name = `tenon-source-${sourceId(source)}-${index}`;
        const metadata = { name, namespace: NAMESPACE, labels: { 'tenon.dev/source': sourceId(source) } };
        await client.apply(
          CONFIG_MAPS,
          { namespace: NAMESPACE, name },
          { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { source, objects } },
          { fieldManager: 'tenon-delivery', force: true },
        );
      }
      for (const chunk of (await chunks()).slice(texts.length)) {
        await client
          .delete(CONFIG_MAPS, { namespace: NAMESPACE, name: chunk.metadata.name! })
          .catch((error: unknown) => {
            if (!isNotFound(error)) throw error;
          });
      }
    },
  };
}
