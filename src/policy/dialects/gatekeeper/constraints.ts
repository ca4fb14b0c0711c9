import type { JsonObject, KubeObject } from '../../../kernel/index.ts';
import type { Value } from '../../engine/rego/index.ts';
import { type Enforcement, enforcementAt, type EnforcementPoint } from './enforce.ts';
import { DocumentError } from './faults.ts';
import { isNamespace, type Match, matchesObject, readMatch, UnknownNamespace } from './match.ts';
import { fields, setMember, text } from './read.ts';
import { type ReviewWorld, type Violation } from './rego.ts';
import type { Review } from './review.ts';
import {
  compileTemplate,
  isConstraint,
  isTemplate,
  readConstraint,
  type Template,
  type TemplateOptions,
} from './template.ts';

/** A constraint in force. */
export interface Constraint {
  readonly object: KubeObject;
  readonly template: Template;
  readonly match: Match;
}

/** One violation of one constraint. */
export interface Result {
  readonly message: string;
  readonly details: JsonObject | undefined;
  readonly constraint: KubeObject;
  readonly enforcement: Enforcement;
}

type Tree = { [name: string]: Tree | Value };

/** The child of a tree, made where it is missing. */
function child(tree: Tree, name: string): Tree {
  if (!Object.hasOwn(tree, name)) setMember(tree, name, Object.create(null));
  return tree[name] as Tree;
}

/** Objects templates may look at: `data.inventory`. */
export class Inventory {
  readonly #tree = Object.create(null) as Tree;
  readonly #namespaces = new Map<string, KubeObject>();

  get value(): Value {
    return this.#tree as Value;
  }

  /** A namespace by name, where it was taken in. */
  namespace(name: string): KubeObject | undefined {
    return this.#namespaces.get(name);
  }

  #kind(object: KubeObject): Tree {
    const namespace = text(object.metadata?.namespace);
    const root = namespace === '' ? child(this.#tree, 'cluster') : child(child(this.#tree, 'namespace'), namespace);
    return child(child(root, text(object.apiVersion)), text(object.kind));
  }

  set(object: KubeObject): void {
    setMember(this.#kind(object), text(object.metadata?.name), object);
    if (isNamespace(object)) this.#namespaces.set(text(object.metadata.name), object);
  }

  remove(object: KubeObject): void {
    delete this.#kind(object)[text(object.metadata?.name)];
    if (isNamespace(object)) this.#namespaces.delete(text(object.metadata.name));
  }
}

/** Whether a constraint speaks of a review; a text where that cannot be told. */
export function speaksOf(constraint: Constraint, review: Review): boolean | string {
  try {
    return review.targets.some(target => matchesObject(constraint.match, target));
  } catch (error) {
    if (!(error instanceof UnknownNamespace)) throw error;
    return `unable to match constraints: error matching the requested object: ${review.request.name} :failed to run Match criteria: ${error.message}`;
  }
}

/** What one constraint says of a review; nothing where its match does not name it. Throws what evaluation throws. */
export function reviewConstraint(constraint: Constraint, review: Review, world: ReviewWorld): readonly Violation[] {
  const speaks = speaksOf(constraint, review);
  if (speaks === false) return [];
  // What cannot be matched is refused: a constraint is never skipped for want of knowledge.
  if (typeof speaks === 'string') return [{ message: speaks, details: undefined }];
  return constraint.template.engine.evaluate(constraint.object, review, world);
}

/** Templates with their constraints and the inventory they look at. */
export class ConstraintSet {
  readonly inventory = new Inventory();
  readonly #options: TemplateOptions;
  readonly #templates = new Map<string, Template>();
  readonly #constraints = new Map<string, Constraint>();

  constructor(options: TemplateOptions = {}) {
    this.#options = options;
  }

  get constraints(): Iterable<Constraint> {
    return this.#constraints.values();
  }

  get templates(): Iterable<Template> {
    return this.#templates.values();
  }

  /** Takes in a template; constraints of it are read again. Throws a {@link DocumentError}. */
  addTemplate(object: KubeObject | Template): Template {
    const template = 'engine' in object ? (object as Template) : compileTemplate(object as KubeObject, this.#options);
    this.#templates.set(template.kind, template);
    for (const [key, constraint] of this.#constraints)
      if (constraint.object.kind === template.kind) {
        this.#constraints.delete(key);
        this.addConstraint(constraint.object);
      }
    return template;
  }

  /** Takes in a constraint of a known template. Throws a {@link DocumentError}. */
  addConstraint(object: KubeObject): Constraint {
    const template = this.#templates.get(object.kind);
    if (template === undefined)
      throw new DocumentError(
        object,
        `missing ConstraintTemplate: template "${text(object.kind).toLowerCase()}" not found`,
      );
    const read = readConstraint(template, object);
    const constraint = { object: read, template, match: readMatch(fields(read.spec).match) };
    this.#constraints.set(`${object.kind}/${object.metadata.name}`, constraint);
    return constraint;
  }

  /** Takes in whatever kind of document it is; others go to the inventory. */
  add(object: KubeObject): void {
    if (isTemplate(object)) this.addTemplate(object);
    else if (isConstraint(object)) this.addConstraint(object);
    else this.inventory.set(object);
  }

  remove(object: KubeObject): void {
    if (isTemplate(object)) {
      for (const template of this.#templates.values())
        if (template.name === object.metadata.name) this.#templates.delete(template.kind);
    } else if (isConstraint(object)) this.#constraints.delete(`${object.kind}/${object.metadata.name}`);
    else this.inventory.remove(object);
  }

  /** Every violation of a review at an enforcement point, by message. Throws where a template cannot decide. */
  review(review: Review, point: EnforcementPoint, world: Partial<ReviewWorld> = {}): Result[] {
    const results: Result[] = [];
    for (const constraint of this.#constraints.values()) {
      const enforcement = enforcementAt(constraint.object.spec, point);
      if (enforcement === undefined) continue;
      for (const { message, details } of reviewConstraint(constraint, review, {
        inventory: this.inventory.value,
        ...world,
      }))
        results.push({ message, details, constraint: constraint.object, enforcement });
    }
    return results.sort((left, right) => compareText(left.message, right.message));
  }
}

/** Order of texts by code unit. */
export const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
