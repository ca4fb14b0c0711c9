import type { Document, Documents, OpenApiSchema } from './documents.ts';
import type { GoFact } from './goFacts.ts';
import { shortReference } from './names.ts';

/** Collections a later release serves in another version too, in the shape they have here. */
interface Promotion {
  readonly group: string;
  readonly from: string;
  readonly to: string;
  readonly plurals: readonly string[];
}

/** Kubernetes 1.36 release notes: MutatingAdmissionPolicy is stable; v1 has the fields of v1beta1 (KEP-3962). */
const PROMOTIONS: readonly Promotion[] = [
  {
    group: 'admissionregistration.k8s.io',
    from: 'v1beta1',
    to: 'v1',
    plurals: ['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings'],
  },
];

/** The documents with what was promoted since, and for each type made so the one it is like. */
export function withPromotions(read: Documents): Documents & { readonly like: ReadonlyMap<string, string> } {
  const like = new Map<string, string>();
  const schemas = new Map(read.schemas);
  let documents = read.documents;
  for (const promotion of PROMOTIONS) {
    const { group, from, to } = promotion;
    const paths = promotedPaths(promotion, documents);
    documents = documents.map(document =>
      document.group === group && document.version === to
        ? { ...document, paths: { ...document.paths, ...paths } }
        : document,
    );
    const [family = ''] = group.split('.');
    const kinds = new Set(
      Object.values(paths).flatMap(operations =>
        Object.values(operations).flatMap(operation => operation['x-kubernetes-group-version-kind']?.kind ?? []),
      ),
    );
    const copy = (name: string): void => {
      const made = name.replace(`${family}.${from}.`, `${family}.${to}.`);
      const schema = read.schemas.get(name);
      if (made === name || schema === undefined || schemas.has(made)) return;
      schemas.set(made, rewrite(schema, from, to) as OpenApiSchema);
      like.set(made, name);
      for (const referred of references(schema)) copy(referred);
    };
    for (const kind of kinds) for (const name of [kind, `${kind}List`]) copy(`${family}.${from}.${name}`);
  }
  const sorted = [...schemas].sort(([left], [right]) => (left < right ? -1 : 1));
  return { documents, schemas: new Map(sorted), like };
}

function promotedPaths({ group, from, to, plurals }: Promotion, documents: readonly Document[]): Document['paths'] {
  const source = documents.find(document => document.group === group && document.version === from);
  if (source === undefined) throw new Error(`no document of ${group}/${from}`);
  const base = `/apis/${group}/${from}/`;
  const own = Object.entries(source.paths).filter(
    ([path]) => path.startsWith(base) && path.split('/').some(part => plurals.includes(part)),
  );
  if (own.length === 0) throw new Error(`no paths of ${plurals.join()} in ${group}/${from}`);
  return rewrite(Object.fromEntries(own), from, to, true) as Document['paths'];
}

/** The same with one version for the other: in references, in what names a version, and in paths. */
function rewrite(value: unknown, from: string, to: string, paths = false): unknown {
  if (Array.isArray(value)) return value.map(item => rewrite(item, from, to, paths));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      paths ? key.replace(`/${from}/`, `/${to}/`) : key,
      key === '$ref'
        ? String(member).replace(`.${from}.`, `.${to}.`)
        : key === 'version' && member === from
          ? to
          : rewrite(member, from, to),
    ]),
  );
}

/** Every type a schema refers to, short. */
function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === '$ref' ? [shortReference(String(member))] : references(member),
  );
}

type Facts = ReadonlyMap<string, ReadonlyMap<string, GoFact>>;

/** What Go's types know of the promoted ones: what those they are like have, their named types in the new version. */
export function promotedFacts(facts: Facts, like: ReadonlyMap<string, string>): Facts {
  const versionOf = (name: string): string => name.split('.').at(-2) ?? '';
  const made = [...like].map(([name, source]) => {
    const fields = [...(facts.get(source) ?? [])].map(([field, { mark, type }]): [string, GoFact] => [
      field,
      { mark, ...(type ? { type: type.replace(`${versionOf(source)}.`, `${versionOf(name)}.`) } : {}) },
    ]);
    return [name, new Map(fields)] as const;
  });
  return new Map([...facts, ...made]);
}
