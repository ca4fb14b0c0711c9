import { type KubeObject, type LabelRequirement, matchLabels, parseLabelSelector } from '../kernel/index.ts';

/** Why it cannot be said which pods a target has: what the Event and, where it differs, the condition says. */
export interface SelectorTrouble {
  readonly event: string;
  readonly reason: string;
  readonly message: string;
  readonly told?: string;
}

/** Selectors of all targets, by autoscaler: pods that two of them take are nobody's. */
export class Selectors {
  readonly #known = new Map<string, readonly LabelRequirement[]>();

  forget(key: string): void {
    this.#known.delete(key);
  }

  /** Takes note of an autoscaler's selector; what stands against using it. `pods` are those of its namespace. */
  trouble(key: string, selector: string, pods: readonly KubeObject[]): SelectorTrouble | undefined {
    if (selector === '')
      return {
        event: 'SelectorRequired',
        reason: 'InvalidSelector',
        message: 'selector is required',
        told: "the HPA target's scale is missing a selector",
      };
    let requirements: readonly LabelRequirement[];
    try {
      requirements = parseLabelSelector(selector);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      const message = `couldn't convert selector into a corresponding internal selector object: ${said}`;
      return { event: 'InvalidSelector', reason: 'InvalidSelector', message };
    }
    this.#known.set(key, requirements);
    const prefix = key.slice(0, key.indexOf('/') + 1);
    const others = [...this.#known].filter(([other]) => other !== key && other.startsWith(prefix));
    if (others.length === 0) return undefined;
    const own = pods.filter(({ metadata }) => matchLabels(requirements, metadata.labels));
    const rivals = others.filter(([, theirs]) => own.some(({ metadata }) => matchLabels(theirs, metadata.labels)));
    if (rivals.length === 0) return undefined;
    const names = [key, ...rivals.map(([other]) => other)].sort().join(' ');
    const message = `pods by selector ${selector} are controlled by multiple HPAs: [${names}]`;
    return { event: 'AmbiguousSelector', reason: 'AmbiguousSelector', message };
  }
}
