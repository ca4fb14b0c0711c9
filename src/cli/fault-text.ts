import type { FaultReport, Language } from '../base/index.ts';

/** A fault for people: what, where, why and what to do, its causes indented below. */
export function formatReport(report: FaultReport, language: Language, indent = ''): string {
  const labels =
    language === 'zh' ? { where: '位置', why: '原因', remedy: '办法' } : { where: 'where', why: 'why', remedy: 'do' };
  const lines = [`${indent}${report.message}  [${report.code}]`];
  if (report.where) lines.push(`${indent}  ${labels.where}: ${report.where}`);
  if (report.why) lines.push(`${indent}  ${labels.why}: ${report.why}`);
  if (report.remedy) lines.push(`${indent}  ${labels.remedy}: ${report.remedy}`);
  for (const cause of report.causes ?? []) lines.push(formatReport(cause, language, `${indent}  `));
  return lines.join('\n');
}
