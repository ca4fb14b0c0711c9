import { faultCatalogue } from '../base/index.ts';

/** What can be wrong with policies. */
export const policyFaults = faultCatalogue('policy', {
  'cel-invalid': {
    kind: 'user',
    message: { en: 'Cannot compile the CEL expression: {message}', zh: '无法编译 CEL 表达式：{message}' },
    why: { en: 'In "{expression}"', zh: '位于 "{expression}"' },
    remedy: { en: 'Correct the expression at the marked place', zh: '请在标记处更正表达式' },
  },
  'policy-invalid': {
    kind: 'user',
    message: { en: 'Cannot read {field} of {kind} "{name}"', zh: '无法读取 {kind} "{name}" 的 {field}' },
    why: { en: '{why}', zh: '{why}' },
    remedy: { en: 'Correct the field and apply the policy again', zh: '请更正该字段并重新应用策略' },
  },
  'not-exportable': {
    kind: 'user',
    message: {
      en: 'Cannot export {kind} "{name}" as a ValidatingAdmissionPolicy: {why}',
      zh: '无法将 {kind} "{name}" 导出为 ValidatingAdmissionPolicy：{why}',
    },
    remedy: {
      en: 'Serve it with tenon policy serve, or write what stands there in CEL',
      zh: '请用 tenon policy serve 提供该策略，或用 CEL 改写此处',
    },
  },
});
