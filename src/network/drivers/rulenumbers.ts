import type { Walk } from '../engine/walk.ts';
import type { DecidedBy } from '../flows.ts';

/** The rule that decided, or the policy that isolates where none did. */
export function decidedBy(walk: Walk): DecidedBy {
  const step = walk.steps.at(-1);
  if (!step || step.kind === 'default') return 'default';
  const { kind, namespace, name } = step.policy;
  const rule = step.kind === 'rule' ? step.rule.name : 'isolated';
  return { kind, ...(namespace ? { namespace } : {}), name, rule };
}

/** Rules as numbers the kernel can carry, kept as long as the process: 0 is that no policy spoke. */
export class RuleNumbers {
  readonly names: DecidedBy[] = ['default'];
  readonly #numbers = new Map<string, number>();
  readonly #max: number;

  /** `max` rules at most; later ones are told as the default. */
  constructor(max: number) {
    this.#max = max;
  }

  /** A number for the rule that decided, or the policy that isolates where none did; 0 where no policy speaks. */
  of(walk: Walk): number {
    const step = walk.steps.at(-1);
    if (!step || step.kind === 'default') return 0;
    const { kind, namespace, name } = step.policy;
    const key = `${kind}/${namespace ?? ''}/${name}${step.kind === 'rule' ? step.rule.path : '#isolated'}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.names.length < this.#max ? this.names.length : 0;
      if (number > 0) this.names.push(decidedBy(walk));
      this.#numbers.set(key, number);
    }
    return number;
  }
}
