import { type CelType, DYN } from './types.ts';

/** What type parameters stand for, as far as is known. */
export class Substitution {
  private readonly bound = new Map<string, CelType>();
  /** What stood where something was bound, in order: what is tried is taken back from its end. */
  private readonly trail: (readonly [name: string, before: CelType | undefined])[] = [];
  private fresh = 0;

  /** A new parameter, equal to nothing yet. */
  freshParam(): CelType {
    return { kind: 'param', name: `_${this.fresh++}`, params: [] };
  }

  /** The moment `restore` goes back to. */
  save(): number {
    return this.trail.length;
  }
  restore(saved: number): void {
    while (this.trail.length > saved) {
      const [name, before] = this.trail.pop()!;
      if (before === undefined) this.bound.delete(name);
      else this.bound.set(name, before);
    }
  }

  private set(name: string, type: CelType): void {
    this.trail.push([name, this.bound.get(name)]);
    this.bound.set(name, type);
  }

  /** Follows a bound parameter one level. */
  find(type: CelType): CelType {
    let found = type;
    while (found.kind === 'param') {
      const next = this.bound.get(found.name);
      if (next === undefined) break;
      found = next;
    }
    return found;
  }

  /** Replaces every bound parameter; unbound ones become dyn when `close` is set. */
  apply(type: CelType, close: boolean): CelType {
    const found = this.find(type);
    if (found.kind === 'param') return close ? DYN : found;
    if (found.params.length === 0) return found;
    return { ...found, params: found.params.map(each => this.apply(each, close)) };
  }

  /** True when a value of `from` may stand where `to` is wanted; binds parameters on the way. */
  assignable(to: CelType, from: CelType): boolean {
    const saved = this.save();
    if (this.unify(to, from)) return true;
    this.restore(saved);
    return false;
  }

  private unify(to: CelType, from: CelType): boolean {
    const left = this.find(to);
    const right = this.find(from);
    if (left === right) return true;
    if (left.kind === 'param') return this.bind(left, right);
    if (right.kind === 'param') return this.bind(right, left);
    if (left.kind === 'dyn' || right.kind === 'dyn' || left.kind === 'error' || right.kind === 'error') return true;
    if (left.kind === 'wrapper')
      return right.kind === 'null' || this.unify(left.params[0]!, right.kind === 'wrapper' ? right.params[0]! : right);
    if (right.kind === 'wrapper') return this.unify(left, right.params[0]!);
    if (left.kind === 'null' || right.kind === 'null') {
      const other = left.kind === 'null' ? right : left;
      return other.kind === 'null' || other.kind === 'object' || other.kind === 'opaque';
    }
    if (left.kind !== right.kind || left.name !== right.name || left.params.length !== right.params.length)
      return false;
    if (left.kind === 'object') return left.schema === right.schema && left.fields === right.fields;
    if (left.kind === 'type') return true;
    return left.params.every((each, i) => this.unify(each, right.params[i]!));
  }

  private bind(variable: CelType, type: CelType): boolean {
    if (type.kind === 'param' && type.name === variable.name) return true;
    if (this.occurs(variable.name, type)) return false;
    this.set(variable.name, type);
    return true;
  }

  /** Lets a bound parameter stand for a wider type. */
  rebind(variable: CelType, type: CelType): void {
    let last = variable;
    for (;;) {
      const next = this.bound.get(last.name);
      if (next === undefined || next.kind !== 'param') break;
      last = next;
    }
    if (!this.occurs(last.name, type)) this.set(last.name, type);
  }

  private occurs(name: string, type: CelType): boolean {
    const found = this.find(type);
    if (found.kind === 'param') return found.name === name;
    return found.params.some(each => this.occurs(name, each));
  }

  /** True when `general` covers `specific` with fewer promises (dyn or a parameter somewhere). */
  isMoreGeneral(general: CelType, specific: CelType): boolean {
    const left = this.find(general);
    const right = this.find(specific);
    if (left.kind === 'dyn' || left.kind === 'error' || left.kind === 'param') return true;
    if (left.kind === 'wrapper' || right.kind === 'null') return this.assignable(left, right);
    if (left.kind !== right.kind || left.name !== right.name || left.params.length !== right.params.length)
      return false;
    return left.params.every((each, i) => this.isMoreGeneral(each, right.params[i]!));
  }

  /** The type of both: the more general one; undefined when neither covers the other. */
  join(left: CelType, right: CelType): CelType | undefined {
    if (!this.assignable(left, right) && !this.assignable(right, left)) return undefined;
    const a = this.apply(left, false);
    const b = this.apply(right, false);
    return this.isMoreGeneral(a, b) ? a : this.isMoreGeneral(b, a) ? b : this.mix(a, b);
  }

  private mix(left: CelType, right: CelType): CelType {
    if (this.isMoreGeneral(left, right)) return left;
    if (this.isMoreGeneral(right, left)) return right;
    if (left.kind !== right.kind || left.name !== right.name || left.params.length !== right.params.length) return DYN;
    return { ...left, params: left.params.map((each, i) => this.mix(each, right.params[i]!)) };
  }
}
