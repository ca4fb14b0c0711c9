import { faultCatalogue, type Fault } from '../../../base/index.ts';
import type { KubeObject } from '../../../kernel/index.ts';

/** What can be wrong with templates, constraints, mutators, expansions and test suites. */
export const gatekeeperFaults = faultCatalogue('gatekeeper', {
  'document-invalid': {
    kind: 'user',
    message: { en: 'Cannot use {kind} "{name}"', zh: '无法使用 {kind} "{name}"' },
    why: { en: '{why}', zh: '{why}' },
    remedy: { en: 'Correct the document and apply it again', zh: '请更正该文档后重新应用' },
  },
  'review-failed': {
    kind: 'user',
    message: { en: 'Cannot review {what}: {why}', zh: '无法审查 {what}：{why}' },
    remedy: { en: 'Correct the policy or the object', zh: '请更正策略或对象' },
  },
});

/** A refusal of one document, in the words its own tools use. */
export class DocumentError extends Error {
  readonly fault: Fault;
  constructor(object: KubeObject | undefined, why: string) {
    super(why);
    this.name = 'DocumentError';
    this.fault = gatekeeperFaults.make('document-invalid', {
      kind: object?.kind ?? 'document',
      name: object?.metadata?.name ?? '',
      why,
    });
  }
}
