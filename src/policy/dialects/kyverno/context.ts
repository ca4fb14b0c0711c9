import { cloneJson, isObject, type Json, type JsonObject, ownMember, setOwn } from '../../../kernel/index.ts';
import { compileJmes, JmesError, type JmesPorts } from '../../engine/jmespath/index.ts';

/** A variable that is computed when a query first names it. */
export interface Deferred {
  readonly name: string;
  /** Sets the variable in the context that asked, which may be a fork of the one it was put into. */
  load(context: DataContext): void;
}

/** The document that variables are looked up in (Kyverno, "Variables"). Variables come and go with rules and elements. */
export class DataContext {
  #data: JsonObject;
  /** In the order they were declared; the last of a name counts. */
  #deferred: readonly Deferred[] = [];
  #loaded: Set<Deferred> | undefined;
  readonly #ports: JmesPorts;

  constructor(data: JsonObject, ports: JmesPorts) {
    this.#data = data;
    this.#ports = ports;
  }

  get data(): JsonObject {
    return this.#data;
  }

  /** A copy that can be changed without changing this one. */
  fork(): DataContext {
    const copy = new DataContext({ ...this.#data }, this.#ports);
    copy.#deferred = this.#deferred;
    copy.#loaded = this.#loaded && new Set(this.#loaded);
    return copy;
  }

  set(name: string, value: Json): void {
    const next = { ...this.#data };
    setOwn(next, name, value);
    this.#data = next;
  }

  /** Sets `request.object.metadata.name`, making what is on the way. Objects are merged. */
  setPath(path: string, value: Json): void {
    const steps = splitPath(path);
    const merge = (node: Json | undefined, at: number): Json => {
      if (at === steps.length) return isObject(node) && isObject(value) ? mergeDeep(node, value) : value;
      const object: JsonObject = isObject(node) ? { ...node } : {};
      setOwn(object, steps[at]!, merge(ownMember(object, steps[at]!), at + 1));
      return object;
    };
    this.#data = merge(this.#data, 0) as JsonObject;
  }

  defer(deferred: Deferred): void {
    this.#deferred = [...this.#deferred, deferred];
  }

  /** Evaluates an expression; what it names of the deferred is loaded first. Throws a JmesError. */
  query(text: string): Json {
    this.#loadFor(text);
    const value = compileJmes(text).evaluate(this.#data, this.#ports);
    return value as Json;
  }

  /** Evaluates over another value. */
  queryOver(text: string, value: Json): Json {
    return compileJmes(text).evaluate(value, this.#ports) as Json;
  }

  /** A variable sees those declared before it, also where a later one takes its name. */
  #loadFor(text: string): void {
    const done = new Set<string>();
    for (let at = this.#deferred.length - 1; at >= 0; at--) {
      const deferred = this.#deferred[at]!;
      if (done.has(deferred.name) || !mentionsName(text, deferred.name)) continue;
      done.add(deferred.name);
      if (this.#loaded?.has(deferred)) continue;
      (this.#loaded ??= new Set()).add(deferred);
      const inner = this.#before(at);
      deferred.load(inner);
      const value = ownMember(inner.#data, deferred.name);
      if (value !== undefined) this.set(deferred.name, value);
    }
  }

  /** The context as the variable at a position sees it. */
  #before(at: number): DataContext {
    const inner = this.fork();
    inner.#deferred = this.#deferred.slice(0, at);
    const later = new Set(this.#deferred.slice(at).map(({ name }) => name));
    for (const deferred of this.#loaded ?? []) if (later.has(deferred.name)) inner.#loaded?.delete(deferred);
    return inner;
  }
}

const mentionsName = (text: string, name: string): boolean => {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const before = text[at - 1] ?? ' ';
    const after = text[at + name.length] ?? ' ';
    if (!/[A-Za-z0-9_.]/.test(before) && !/[A-Za-z0-9_]/.test(after)) return true;
  }
  return false;
};

function mergeDeep(into: JsonObject, from: JsonObject): JsonObject {
  const out: JsonObject = { ...into };
  for (const [name, value] of Object.entries(from)) {
    const before = ownMember(out, name);
    setOwn(out, name, isObject(before) && isObject(value) ? mergeDeep(before, value) : cloneJson(value));
  }
  return out;
}

/** Steps of a dotted path; quoted steps may hold dots. */
function splitPath(path: string): string[] {
  const steps: string[] = [];
  for (const [, quoted, plain] of path.matchAll(/"((?:[^"\\]|\\.)*)"|([^."]+)/g)) steps.push(quoted ?? plain!);
  return steps;
}

export { JmesError };
