import { equalJson, isConflict, isNotFound, type JsonObject, type KubeObject } from '../../../kernel/index.ts';
import { type Exported, exportPolicy } from '../../dialects/kyverno/background/admission-policies.ts';
import { type Served, type ServedFinder, webhookConfigurations } from '../../dialects/kyverno/background/webhooks.ts';
import { RULES_GROUP } from '../../dialects/kyverno/kinds.ts';
import { textAt } from '../../dialects/kyverno/model.ts';
import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import { refOf } from './lookup.ts';
import type { Background } from './model.ts';
import type { Work } from './work.ts';
import { placeOf, read, remove } from './write.ts';

const GROUP = 'admissionregistration.k8s.io';
/** Documents that come together are looked at once. */
const GATHER_MS = 50;

/** Keeps the objects of admissionregistration that say what the policies say. */
export class Declared {
  readonly #background: Background;
  readonly #work: Work;
  /** What was made of each policy, by place. */
  readonly #made = new Map<string, JsonObject>();

  constructor(background: Background, work: Work) {
    this.#background = background;
    this.#work = work;
  }

  changed(): void {
    this.#work.after(GATHER_MS, () => this.#bring(), 'declared');
  }

  /** What became of a policy, for its status. */
  of(policy: JsonObject): Exported {
    const { documents } = this.#background;
    return exportPolicy(policy, documents.exceptionsFor(policy), this.#find, this.#mutating(), documents.settings());
  }

  #mutating(): string | undefined {
    const { catalog } = this.#background;
    return ['v1', 'v1beta1', 'v1alpha1'].find(
      version => catalog.kind({ group: GROUP, version, kind: 'MutatingAdmissionPolicy' }) !== undefined,
    );
  }

  readonly #find: ServedFinder = (group, version, kind) => {
    const found: Served[] = [];
    for (const each of this.#background.catalog.all()) {
      if (each.version !== each.storageVersion && version === '*') continue;
      if (!matchesWildcard(group, each.group) || !matchesWildcard(version, each.version) || each.kind !== kind)
        continue;
      found.push({ ...each, subresources: each.subresources.map(({ name }) => name) });
    }
    return found;
  };

  async #bring(): Promise<void> {
    if (this.#background.catalog.kind({ group: RULES_GROUP, version: 'v1', kind: 'ClusterPolicy' }) === undefined)
      return;
    const policies = this.#background.documents
      .all()
      .toSorted((a, b) => (textAt(a, 'metadata', 'name') < textAt(b, 'metadata', 'name') ? -1 : 1));
    const wanted = new Map<string, JsonObject>();
    for (const object of [
      ...webhookConfigurations(policies, this.#find, this.#background.documents.settings()),
      ...policies.flatMap(policy => this.of(policy).objects),
    ])
      wanted.set(`${String(object.kind)}/${textAt(object, 'metadata', 'name')}`, object);
    for (const [key, object] of this.#made) {
      const place = wanted.has(key) ? undefined : placeOf(this.#background, object);
      if (place !== undefined) await remove(this.#background, place);
      if (!wanted.has(key)) this.#made.delete(key);
    }
    for (const [key, object] of wanted) {
      await this.#write(object);
      this.#made.set(key, object);
    }
  }

  async #write(object: JsonObject): Promise<void> {
    const place = placeOf(this.#background, object);
    if (place === undefined) return;
    const ref = refOf(place.definition);
    const { client } = this.#background;
    try {
      const found = await read(this.#background, place);
      if (found === undefined) {
        await client.create(ref, object as unknown as KubeObject);
        return;
      }
      const { resourceVersion, uid } = found.metadata as { resourceVersion: string; uid: string };
      const metadata = { ...(object.metadata as JsonObject), resourceVersion, uid };
      const known = this.#made.get(`${String(object.kind)}/${textAt(object, 'metadata', 'name')}`);
      if (known !== undefined && equalJson(known, object)) return;
      await client.update(ref, { ...object, metadata } as unknown as KubeObject);
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
      this.changed();
    }
  }
}
