import { type Fault, type Language, reportFault, type Span } from '../../base/index.ts';
import {
  type Decoded,
  decodeDocuments,
  isObject,
  type Json,
  type JsonObject,
  type KindRef,
  type KubeObject,
  schemaOf,
} from '../../kernel/index.ts';
import { compileExpressions } from '../dialects/cel/expressions.ts';
import { isCelPolicyObject, parsePolicy } from '../dialects/cel/parse.ts';
import { typeCheck } from '../dialects/cel/status.ts';
import { nativePolicy, nativeSource } from '../dialects/gatekeeper/native.ts';
import { isTemplate } from '../dialects/gatekeeper/template.ts';
import { celPolicy } from '../dialects/kyverno/cel/policy.ts';
import { refusalOfDocument } from '../dialects/kyverno/checks/index.ts';
import { CEL_GROUP, isCelKind, RULES_GROUP } from '../dialects/kyverno/kinds.ts';
import type { EditorText, Finding } from './model.ts';
import { openRego } from './rego.ts';
import { spanInScalar } from './spans.ts';

/** What the checks know of the cluster the documents are for. */
export interface EditorTypes {
  readonly language: Language;
  readonly kindOf: (group: string, version: string, resource: string) => KindRef | undefined;
}

/** One document of a text under review. */
class Review {
  readonly #source: EditorText;
  readonly #document: Decoded;
  readonly #language: Language;
  readonly findings: Finding[] = [];
  constructor(source: EditorText, document: Decoded, language: Language) {
    this.#source = source;
    this.#document = document;
    this.#language = language;
  }

  at(path: string): Span {
    return this.#document.spanOf(path);
  }

  add(where: Span, code: string, message: string, severity: Finding['severity'] = 'error'): void {
    this.findings.push({ where, severity, code, message });
  }

  /** A place inside the text that a field holds. */
  inside(path: string, line: number, column: number): Span {
    return spanInScalar(this.#source.text, this.at(path), { line, column });
  }

  /** Faults of expressions: each names its field, and its place in the expression. `root` is where the policy's spec is. */
  expressions(faults: readonly Fault[], root = 'spec'): void {
    for (const fault of faults) {
      const report = reportFault(fault, this.#language);
      const field = String(fault.params.field ?? root).replace(/^spec\b/, root);
      const inner = fault.where;
      const where = typeof inner === 'object' ? this.inside(field, inner.line, inner.column) : this.at(field);
      this.add(where, report.code, report.message);
    }
  }
}

function reviewTemplate(object: KubeObject, review: Review): void {
  const { targets } = (object.spec ?? {}) as { targets?: Json };
  for (const [i, target] of (Array.isArray(targets) ? targets : []).entries()) {
    if (!isObject(target)) continue;
    const code = Array.isArray(target.code) ? target.code : [];
    if (typeof target.rego === 'string') reviewRego(target, `spec.targets[${i}]`, 'v0', review);
    for (const [j, each] of code.entries()) {
      if (!isObject(each) || !isObject(each.source)) continue;
      const path = `spec.targets[${i}].code[${j}].source`;
      if (each.engine === 'Rego') reviewRego(each.source, path, each.source.version === 'v1' ? 'v1' : 'v0', review);
    }
    const native = nativeSource(target);
    const at = code.findIndex(each => isObject(each) && each.engine === 'K8sNativeValidation');
    if (native !== undefined && at >= 0)
      review.expressions(
        compileExpressions(nativePolicy(object, native)).faults,
        `spec.targets[${i}].code[${at}].source`,
      );
  }
}

/** The Rego of a template and its libraries. */
function reviewRego(source: JsonObject, path: string, version: 'v0' | 'v1', review: Review): void {
  const libs = Array.isArray(source.libs) ? source.libs : [];
  const texts = [
    { file: `${path}.rego`, text: String(source.rego ?? '') },
    ...libs.map((lib, at) => ({ file: `${path}.libs[${at}]`, text: String(lib) })),
  ];
  for (const { where, code, message } of openRego(texts, version).findings)
    review.add(review.inside(where.file, where.line, where.column), code, message);
}

function reviewAdmissionPolicy(object: KubeObject, review: Review, types: EditorTypes): void {
  const { value: policy, faults } = parsePolicy(object);
  review.expressions(faults);
  review.expressions(compileExpressions(policy).faults);
  if (review.findings.length > 0) return;
  for (const { fieldRef, warning } of typeCheck(policy, types.kindOf, schemaOf))
    review.add(review.at(fieldRef), 'cel/type-check', warning, 'warning');
}

/** A document of Kyverno: what its own webhook would refuse, and expressions that do not compile. */
function reviewKyverno(object: JsonObject, review: Review): void {
  const refusal = refusalOfDocument(object, undefined, undefined);
  if (refusal !== undefined) {
    const named = /\bspec(?:\.\w+|\[\d+\])*/.exec(refusal)?.[0];
    review.add(review.at(named ?? 'spec'), 'kyverno/refused', refusal);
  }
  const [own] = isCelKind(String(object.kind)) ? celPolicy(object).forms : [];
  if (own !== undefined) review.expressions(own.compiled.faults);
}

function reviewDocument(object: KubeObject, review: Review, types: EditorTypes): void {
  const group = String(object.apiVersion).split('/')[0];
  if (isCelPolicyObject(object)) reviewAdmissionPolicy(object, review, types);
  else if (isTemplate(object)) reviewTemplate(object, review);
  else if (group === RULES_GROUP || group === CEL_GROUP) reviewKyverno(object as unknown as JsonObject, review);
}

/** What is wrong with the policies of a YAML or JSON text; other documents are only read. */
export function findingsInDocuments(source: EditorText, types: EditorTypes): Finding[] {
  const { value: documents, faults } = decodeDocuments(source.text, { file: source.file });
  const findings = faults.map((fault): Finding => {
    const { code, message } = reportFault(fault, types.language);
    const start = { file: source.file, line: 1, column: 1 };
    return { where: typeof fault.where === 'object' ? fault.where : start, severity: 'error', code, message };
  });
  for (const document of documents) {
    if (!isObject(document.value)) continue;
    const review = new Review(source, document, types.language);
    const object = document.value as unknown as KubeObject;
    try {
      reviewDocument({ ...object, metadata: object.metadata ?? { name: '' } }, review, types);
    } catch (error) {
      // A document that breaks a check of its own is told of where it stands.
      review.add(review.at(''), 'policy/unreadable', error instanceof Error ? error.message : String(error));
    }
    findings.push(...review.findings);
  }
  return findings;
}
