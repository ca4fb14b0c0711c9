import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeDocuments, type Json } from '../src/kernel/index.ts';
import { emitReport, emitReportText, filterReport, parseReport, parseReportText } from '../src/policy/index.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

/** Goldens that are no reports: images (archives have zero bytes in their first header) and what plugins print. */
const isReportText = (bytes: Buffer): boolean =>
  !bytes.subarray(0, 512).includes(0) && /^\s*[{[<]/.test(bytes.subarray(0, 512).toString('utf8'));

/** What keeps an emitted report from being the one that was read; undefined when nothing does. */
function check(source: string): { expected?: string; got?: string } {
  const report = parseReportText(source);
  if (report === undefined) return { expected: 'a known format', got: source.slice(0, 80) };
  const got = emitReportText(report);
  if (report.format === 'junit' || report.format === 'html') {
    if (got !== source) return { expected: source, got };
    const without = emitReportText(filterReport(report, () => false));
    return without === source ? { expected: 'entries to make up the document', got: 'entries that do not' } : {};
  }
  const [left, right] = [source, got].map(text => JSON.stringify(JSON.parse(text))) as [string, string];
  if (left !== right) return { expected: left, got: right };
  return checkModel(report);
}

/** The entries are what is emitted: without them none of theirs is left in the document. */
function checkModel(report: NonNullable<ReturnType<typeof parseReportText>>): { expected?: string; got?: string } {
  const [first] = report.entries;
  if (first === undefined) return {};
  const without = JSON.stringify(emitReport(filterReport(report, () => false)));
  return without === JSON.stringify(emitReport(report))
    ? { expected: 'entries to make up the document', got: 'a document that does not depend on them' }
    : {};
}

function judge(name: string, run: () => { expected?: string; got?: string }): CaseResult {
  try {
    const { expected, got } = run();
    return expected === undefined ? { case: name, result: 'passed' } : { case: name, result: 'failed', expected, got };
  } catch (error) {
    return { case: name, result: 'failed', expected: 'a report', got: (error as Error).message };
  }
}

/** The documents of a YAML file. */
function* operatorCases(file: string, name: string): Generator<CaseResult> {
  const { value, faults } = decodeDocuments(readFileSync(file, 'utf8'), { file });
  for (const [at, { value: document }] of value.entries()) {
    yield judge(`${name}#${at}`, () => {
      if (faults.length > 0) return { expected: 'YAML', got: faults[0]!.code };
      const kind = (document as { kind?: Json }).kind;
      const report = parseReport(document);
      if (report === undefined) return { expected: 'a known format', got: String(kind) };
      const [left, right] = [document, emitReport(report)].map(each => JSON.stringify(each)) as [string, string];
      return left === right ? checkModel(report) : { expected: left, got: right };
    });
  }
}

export const runner: SuiteRunner = {
  suite: 'policy/image-scan',
  async *run({ cases, signal }: SuiteContext) {
    for (const name of (readdirSync(cases, { recursive: true }) as string[]).sort()) {
      if (signal.aborted) return;
      const file = join(cases, name);
      if (/-expected[^/]*\.ya?ml$/.test(name)) yield* operatorCases(file, name);
      const isReport = name.endsWith('.golden') || /explain\/testdata\/[^/]+\.json$/.test(name);
      if (!isReport) continue;
      const bytes = readFileSync(file);
      if (!isReportText(bytes)) continue;
      yield judge(name, () => check(bytes.toString('utf8')));
    }
  },
};
