import type { KubeObject, ResourceDefinition, ResourceRef } from '../../src/kernel/index.ts';
import type { TestCluster } from './cluster.ts';

/** What comes and goes with the machinery, whoever runs a test. */
const LEFT =
  /^(?:Event|Endpoints|EndpointSlice|Lease|Node|ServiceAccount|\w*WebhookConfiguration|\w*Report|ControllerRevision|ComponentStatus|APIService)$/;
const ROUNDS_MAX = 3;

interface Found {
  readonly ref: ResourceRef;
  readonly object: KubeObject;
}

const refOf = ({ group, version, resource }: ResourceDefinition): ResourceRef => ({ group, version, resource });

async function everything(cluster: TestCluster): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  for (const definition of cluster.kernel.catalog.all()) {
    const { version, storageVersion, verbs, kind, served } = definition;
    if (served === false || version !== storageVersion || !verbs.includes('delete') || LEFT.test(kind)) continue;
    const ref = refOf(definition);
    const { items } = await cluster.client.list(ref);
    for (const object of items) found.set(object.metadata.uid!, { ref, object });
  }
  return found;
}

/** Remembers what is there; `clear` takes away what programs of a test made since and left behind. */
export async function rememberObjects(cluster: TestCluster): Promise<{ clear(): Promise<void> }> {
  const before = await everything(cluster);
  return {
    clear: async () => {
      for (let round = 0; round < ROUNDS_MAX; round++) {
        await cluster.settle();
        const left = [...(await everything(cluster))].filter(
          ([uid, { object }]) => !before.has(uid) && object.metadata.deletionTimestamp === undefined,
        );
        // Policies first, so that nothing is made again.
        const order = ({ ref }: Found): number => (/(?:^|\.)kyverno\.io$/.test(ref.group) ? 0 : 1);
        for (const [, { ref, object }] of left.sort(([, a], [, b]) => order(a) - order(b))) {
          const { name = '', namespace } = object.metadata;
          const key = namespace === undefined ? { name } : { namespace, name };
          await cluster.client.delete(ref, key, { gracePeriodSeconds: 0 }).catch(() => undefined);
        }
        if (left.length === 0) return;
        await cluster.run(1_000);
      }
    },
  };
}
