import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultError, type Timer } from '../../base/index.ts';
import { decodeDocuments, isAlreadyExists, isNotFound, type KubeObject, type kinds } from '../../kernel/index.ts';
import type { NodeContext } from './node-context.ts';
import { PODS } from './refs.ts';

const LOOK_EVERY_MS = 2_000;
const MANIFEST_BYTES_MAX = 1024 * 1024;
const HASH = 'kubernetes.io/config.hash';
const MIRROR = 'kubernetes.io/config.mirror';
const SOURCE = 'kubernetes.io/config.source';

type Pod = kinds.Pod & KubeObject;

interface Wanted {
  readonly namespace: string;
  readonly name: string;
  readonly object: KubeObject;
  readonly hash: string;
}

/**
 * Pods written in files of this node (kubelet's static pods). Each is a pod of the API whose name ends with the node's,
 * which the agent makes, makes again when somebody deletes it, and takes away with its file.
 */
export class StaticPods implements Disposable {
  readonly #node: NodeContext;
  readonly #folder: string;
  readonly #nodeUid: () => string;
  readonly #mine: () => Iterable<kinds.Pod>;
  #timer: Timer | undefined;
  #closed = false;
  /** Files that could not be read, with the reason told last. */
  readonly #told = new Map<string, string>();

  /** `mine`: the pods of this node as the API has them. */
  constructor(node: NodeContext, folder: string, nodeUid: () => string, mine: () => Iterable<kinds.Pod>) {
    this.#node = node;
    this.#folder = folder;
    this.#nodeUid = nodeUid;
    this.#mine = mine;
  }

  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.look();
    this.#later();
  }

  #later(): void {
    if (this.#closed) return;
    this.#timer = this.#node.clock.after(LOOK_EVERY_MS, () => {
      void this.look()
        .catch(error => this.#node.report(error, 'static pods'))
        .then(() => this.#later());
    });
  }

  /** Makes the API's pods those of the files. */
  async look(): Promise<void> {
    const wanted = await this.#wanted();
    const present = new Map<string, kinds.Pod>();
    for (const pod of this.#mine())
      if (pod.metadata.annotations?.[SOURCE] === 'file')
        present.set(`${pod.metadata.namespace}/${pod.metadata.name}`, pod);
    for (const [key, { hash, object, namespace }] of wanted) {
      const found = present.get(key);
      if (!found) await this.#create(object, namespace);
      else if (found.metadata.annotations?.[HASH] !== hash) await this.#delete(found);
    }
    for (const [key, pod] of present) if (!wanted.has(key)) await this.#delete(pod);
  }

  async #wanted(): Promise<Map<string, Wanted>> {
    const found = new Map<string, Wanted>();
    const files = (await readdir(this.#folder)).filter(name => /^[^.].*\.(ya?ml|json)$/.test(name)).sort();
    for (const file of files) {
      const path = join(this.#folder, file);
      try {
        if ((await stat(path)).size > MANIFEST_BYTES_MAX) throw new Error('larger than 1 MiB');
        for (const pod of podsIn(await readFile(path, 'utf8'), path)) {
          const one = this.#mirror(pod);
          found.set(`${one.namespace}/${one.name}`, one);
        }
        this.#told.delete(file);
      } catch (error) {
        const reason = (error as Error).message;
        if (this.#told.get(file) !== reason) this.#node.report(error, `static pod ${path}`);
        this.#told.set(file, reason);
      }
    }
    return found;
  }

  #mirror(pod: kinds.Pod): Wanted {
    const { nodeName } = this.#node;
    const { namespace = 'default', name = '' } = pod.metadata;
    const hash = createHash('sha256').update(JSON.stringify(pod)).digest('hex').slice(0, 32);
    const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: this.#nodeUid(), controller: true };
    const { tolerations = [], ...spec } = pod.spec ?? { containers: [] };
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...pod.metadata,
        namespace,
        name: `${name}-${nodeName}`,
        annotations: { ...pod.metadata.annotations, [SOURCE]: 'file', [HASH]: hash, [MIRROR]: hash },
        ownerReferences: [owner],
      },
      // Nothing that befalls the node drives them away.
      spec: {
        ...spec,
        nodeName,
        automountServiceAccountToken: false,
        tolerations: [...tolerations, { operator: 'Exists', effect: 'NoExecute' }],
      },
    };
    return { namespace, name: object.metadata.name, object: object as unknown as KubeObject, hash };
  }

  async #create(object: KubeObject, namespace: string): Promise<void> {
    await this.#node.client.create(PODS, object, { namespace }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) this.#node.report(error, `static pod ${namespace}/${object.metadata.name}`);
    });
  }

  async #delete({ metadata }: kinds.Pod): Promise<void> {
    if (metadata.deletionTimestamp !== undefined) return;
    const { namespace = '', name = '', uid = '' } = metadata;
    await this.#node.client.delete(PODS, { namespace, name }, { preconditions: { uid } }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.cancel();
  }
}

/** The pods a manifest holds; throws with the reason where it holds something else. */
function podsIn(text: string, path: string): Pod[] {
  const { value, faults } = decodeDocuments(text, { file: path });
  const [fault] = faults;
  if (fault) throw new FaultError(fault);
  return value.map(document => {
    const object = document.value as unknown as KubeObject;
    if (object.apiVersion !== 'v1' || object.kind !== 'Pod' || !object.metadata?.name)
      throw new Error(`holds a ${object.kind ?? 'nameless document'}, not a Pod with a name`);
    return object as unknown as Pod;
  });
}
