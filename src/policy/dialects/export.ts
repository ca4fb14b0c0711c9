import type { Fault, Span } from '../../base/index.ts';
import type { JsonObject, KubeObject, ResourceDefinition } from '../../kernel/index.ts';
import { policyFaults } from '../faults.ts';
import { celFaultOf, draftObjects, NotExportable } from './cel/exported.ts';
import { exportConstraint, exportTemplate } from './gatekeeper/export.ts';
import { isConstraint, isTemplate } from './gatekeeper/template.ts';
import { exportCelKind, exportRules } from './kyverno/export/index.ts';
import { CEL_GROUP, isCelKind, isRulesKind, RULES_GROUP } from './kyverno/kinds.ts';

/** Admission policies that say what other systems' policies said, and why some cannot be said. */
export interface ExportedPolicies {
  readonly objects: readonly KubeObject[];
  readonly faults: readonly Fault[];
  /** Policies that were read, exported or not. */
  readonly seen: number;
}

export interface ExportOptions {
  readonly kinds: () => Iterable<ResourceDefinition>;
  /** Where a field of a document is written; `pointer` is RFC 6901. */
  readonly placeOf: (object: KubeObject, pointer: string) => Span | string | undefined;
}

const groupOf = (object: KubeObject): string => object.apiVersion.split('/')[0]!;

/** What one document becomes; undefined where it is no policy to export. */
function exportOne(object: KubeObject, kinds: ExportOptions['kinds']): KubeObject[] | undefined {
  if (isTemplate(object)) return [exportTemplate(object)];
  if (isConstraint(object)) return [exportConstraint(object)];
  const source = object as unknown as JsonObject;
  if (groupOf(object) === RULES_GROUP && isRulesKind(object.kind))
    return exportRules(source, kinds).flatMap(draftObjects);
  if (groupOf(object) === CEL_GROUP && isCelKind(object.kind)) return exportCelKind(source).flatMap(draftObjects);
  return undefined;
}

/** Where an expression stands in the document; other systems' documents have it elsewhere than the policy made of them. */
function pointerOf(object: KubeObject, { params }: Fault): string {
  const own = groupOf(object) === CEL_GROUP && typeof params.field === 'string';
  return own ? `/${String(params.field).replace(/[.[]/g, '/').replaceAll(']', '')}` : '/spec';
}

/** Names of policies an exception speaks of. */
function exceptedBy(object: KubeObject): readonly string[] {
  if (object.kind !== 'PolicyException') return [];
  const spec = (object.spec ?? {}) as { exceptions?: unknown[]; policyRefs?: unknown[] };
  return [...(spec.exceptions ?? []), ...(spec.policyRefs ?? [])].map(each => {
    const { policyName, name } = (each ?? {}) as { policyName?: unknown; name?: unknown };
    return String(policyName ?? name ?? '');
  });
}

/** Writes policies as ValidatingAdmissionPolicies with bindings; what has no form is a fault with its place. */
export function exportAdmissionPolicies(all: readonly KubeObject[], options: ExportOptions): ExportedPolicies {
  const objects: KubeObject[] = [];
  const faults: Fault[] = [];
  const excepted = new Set(all.flatMap(exceptedBy));
  const broken = new Set<string>();
  let seen = 0;
  const refuse = (object: KubeObject, why: string, pointer: string): void => {
    const params = { kind: object.kind, name: object.metadata?.name ?? '', why };
    faults.push(policyFaults.make('not-exportable', params, options.placeOf(object, pointer)));
  };
  // Templates first: a constraint of one that cannot be exported cannot be either.
  for (const object of [...all].sort((left, right) => Number(isConstraint(left)) - Number(isConstraint(right)))) {
    try {
      if (isConstraint(object) && broken.has(object.kind.toLowerCase())) continue;
      const made = exportOne(object, options.kinds);
      if (made === undefined) continue;
      if (excepted.has(object.metadata.name ?? ''))
        throw new NotExportable('/metadata/name', 'a PolicyException speaks of it, which a binding cannot');
      const fault = made
        .filter(each => each.kind === 'ValidatingAdmissionPolicy')
        .map(celFaultOf)
        .find(each => each);
      if (fault)
        throw new NotExportable(
          pointerOf(object, fault),
          String(fault.params.message ?? fault.params.why ?? fault.code),
        );
      objects.push(...made);
      seen++;
    } catch (error) {
      if (!(error instanceof NotExportable)) throw error;
      seen++;
      if (isTemplate(object)) broken.add(object.metadata.name ?? '');
      refuse(object, error.message, error.pointer);
    }
  }
  return { objects, faults, seen };
}
