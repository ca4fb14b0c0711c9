import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

type Node = Readonly<Record<string, unknown>>;

/** Validates one document; every violation with the JSON pointer it is at. Empty means valid. */
export type Validator = (document: unknown) => readonly string[];

interface Place {
  readonly node: Node;
  readonly file: string;
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Annotations: they say nothing about validity (JSON Schema draft 4, §6; `media` is of the hyper-schema). */
const ANNOTATIONS = new Set(['$schema', 'id', 'description', 'title', 'default', 'definitions', 'media', '$comment']);

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': text =>
    /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)),
  uri: text => URL.canParse(text),
};

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isNode,
  array: Array.isArray,
  string: value => typeof value === 'string',
  number: value => typeof value === 'number',
  integer: value => typeof value === 'number' && Number.isInteger(value),
  boolean: value => typeof value === 'boolean',
  null: value => value === null,
};

type Check = (operand: unknown, value: unknown, at: string, place: Place, files: Files) => string[];

const keysOf = (value: unknown): string[] => (isNode(value) ? Object.keys(value) : []);

/** What draft 4's keywords mean; an unlisted keyword is refused, so that nothing is silently not checked. */
const KEYWORDS: Readonly<Record<string, Check>> = {
  type: (operand, value, at) => {
    const names = Array.isArray(operand) ? (operand as string[]) : [String(operand)];
    return names.some(name => TYPES[name]?.(value)) ? [] : [`${at}: not of type ${names.join(' or ')}`];
  },
  enum: (operand, value, at) =>
    (operand as unknown[]).some(item => JSON.stringify(item) === JSON.stringify(value))
      ? []
      : [`${at}: not one of ${JSON.stringify(operand)}`],
  required: (operand, value, at) =>
    isNode(value)
      ? (operand as string[]).filter(name => !Object.hasOwn(value, name)).map(name => `${at}: "${name}" is missing`)
      : [],
  properties: (operand, value, at, place, files) =>
    keysOf(value)
      .filter(name => Object.hasOwn(operand as Node, name))
      .flatMap(name =>
        check(
          files,
          { ...place, node: (operand as Record<string, Node>)[name]! },
          (value as Node)[name],
          `${at}/${name}`,
        ),
      ),
  patternProperties: (operand, value, at, place, files) =>
    Object.entries(operand as Record<string, Node>).flatMap(([pattern, node]) =>
      keysOf(value)
        .filter(name => new RegExp(pattern, 'u').test(name))
        .flatMap(name => check(files, { ...place, node }, (value as Node)[name], `${at}/${name}`)),
    ),
  additionalProperties: (operand, value, at, place, files) => {
    const known = new Set(Object.keys((place.node.properties ?? {}) as Node));
    const patterns = Object.keys((place.node.patternProperties ?? {}) as Node).map(pattern => new RegExp(pattern, 'u'));
    const others = keysOf(value).filter(name => !known.has(name) && !patterns.some(pattern => pattern.test(name)));
    if (operand === false) return others.map(name => `${at}: "${name}" is not allowed`);
    return isNode(operand)
      ? others.flatMap(name => check(files, { ...place, node: operand }, (value as Node)[name], `${at}/${name}`))
      : [];
  },
  items: (operand, value, at, place, files) => {
    if (!Array.isArray(value)) return [];
    return value.flatMap((item: unknown, i) => {
      const node = Array.isArray(operand) ? (operand as Node[])[i] : (operand as Node);
      return node ? check(files, { ...place, node }, item, `${at}/${i}`) : [];
    });
  },
  minItems: (operand, value, at) =>
    Array.isArray(value) && value.length < Number(operand) ? [`${at}: fewer than ${String(operand)} items`] : [],
  minimum: (operand, value, at) =>
    typeof value === 'number' && value < Number(operand) ? [`${at}: below ${String(operand)}`] : [],
  maximum: (operand, value, at) =>
    typeof value === 'number' && value > Number(operand) ? [`${at}: above ${String(operand)}`] : [],
  minLength: (operand, value, at) =>
    typeof value === 'string' && [...value].length < Number(operand) ? [`${at}: too short`] : [],
  pattern: (operand, value, at) =>
    typeof value === 'string' && !new RegExp(String(operand), 'u').test(value)
      ? [`${at}: does not match ${String(operand)}`]
      : [],
  format: (operand, value, at) =>
    typeof value === 'string' && FORMATS[String(operand)]?.(value) === false ? [`${at}: no ${String(operand)}`] : [],
  allOf: (operand, value, at, place, files) =>
    (operand as Node[]).flatMap(node => check(files, { ...place, node }, value, at)),
  anyOf: (operand, value, at, place, files) =>
    (operand as Node[]).some(node => check(files, { ...place, node }, value, at).length === 0)
      ? []
      : [`${at}: fits none of the alternatives`],
  oneOf: (operand, value, at, place, files) => {
    const fits = (operand as Node[]).filter(node => check(files, { ...place, node }, value, at).length === 0).length;
    return fits === 1 ? [] : [`${at}: fits ${fits} of the alternatives, not one`];
  },
  not: (operand, value, at, place, files) =>
    check(files, { ...place, node: operand as Node }, value, at).length > 0 ? [] : [`${at}: fits what it must not`],
  // An annotation of draft 4's hyper-schema.
  binaryEncoding: () => [],
};

/** Schema files read so far. */
class Files {
  readonly #read = new Map<string, Node>();

  load(file: string): Node {
    let node = this.#read.get(file);
    if (!node) {
      if (!existsSync(file)) throw new Error(`The schema "${file}" is not there`);
      node = JSON.parse(readFileSync(file, 'utf8')) as Node;
      this.#read.set(file, node);
    }
    return node;
  }

  /** Follows `file.json#/a/b`, relative to the file it stands in. */
  follow(reference: string, from: string): Place {
    const [path = '', fragment = ''] = reference.split('#');
    const file = path === '' ? from : join(dirname(from), path);
    let node: unknown = this.load(file);
    for (const part of fragment.split('/').slice(1)) {
      const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      node = isNode(node) && Object.hasOwn(node, name) ? node[name] : undefined;
    }
    if (!isNode(node)) throw new Error(`The schema reference "${reference}" leads nowhere`);
    return { node, file };
  }
}

function check(files: Files, place: Place, value: unknown, at: string): string[] {
  const { node } = place;
  // In draft 4 whatever stands beside $ref is ignored.
  if (typeof node.$ref === 'string') return check(files, files.follow(node.$ref, place.file), value, at);
  return Object.entries(node).flatMap(([keyword, operand]) => {
    if (ANNOTATIONS.has(keyword)) return [];
    const rule = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
    // The runtime-spec groups definitions under names of its own; such a member is a holder, never a rule.
    if (!rule) {
      if (isNode(operand)) return [];
      throw new Error(`The schema keyword "${keyword}" is not known`);
    }
    return rule(operand, value, at, place, files);
  });
}

/** A validator for a schema file (JSON Schema draft 4, the dialect the OCI specifications use). */
export function schemaValidator(file: string): Validator {
  const files = new Files();
  const node = files.load(file);
  return document => check(files, { node, file }, document, '');
}
