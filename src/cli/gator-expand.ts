import type { KubeObject } from '../kernel/index.ts';
import { expansionNamespace, ConstraintSet, ExpansionSet, isExpansion, isMutator } from '../policy/index.ts';

/** Throws where an expansion template closes a cycle. */
export function refuseCycle(expansions: ExpansionSet, object: KubeObject): void {
  const name = object.metadata?.name ?? '';
  if (expansions.cyclic.has(name))
    throw new Error(`error expanding resources: error upserting template ${name}: template forms expansion cycle`);
}

/** Everything the generators among objects imply, under the expansion templates and mutators among them. */
export function expandManifests(objects: readonly KubeObject[]): KubeObject[] {
  const expansions = new ExpansionSet();
  const known = new ConstraintSet();
  for (const object of objects) {
    if (isExpansion(object)) {
      expansions.add(object);
      refuseCycle(expansions, object);
    } else if (isMutator(object)) expansions.mutators.add(object);
    else if (object.kind === 'Namespace') known.inventory.set(object);
  }
  const { conflicts } = expansions.mutators;
  if (conflicts.size > 0)
    throw new Error(`the following mutators have conflicting schemas: [${[...conflicts].sort().join(',')}]`);
  return objects
    .filter(object => !isExpansion(object) && !isMutator(object))
    .flatMap(object => expansions.expand(object, expansionNamespace(known, object)).map(resultant => resultant.object));
}
