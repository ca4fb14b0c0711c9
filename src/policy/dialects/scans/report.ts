import { FORMATS } from './formats.ts';
import { type HtmlFrame, readHtml, writeHtml } from './html.ts';
import { type JunitFrame, readJunit, writeJunit } from './junit.ts';
import { readReport, writeReport } from './lens.ts';
import type { Entry, Json, ScanReport } from './model.ts';
import { formatXml } from './xml.ts';

/** Reads the report of any known scanner from its document; undefined where no format is recognised. */
export function parseReport(document: Json): ScanReport | undefined {
  const format = FORMATS.find(each => each.accepts(document));
  return format && readReport(format.name, format.lists, document);
}

/** The document of a report that came as one. */
export const emitReport = (report: ScanReport): Json => writeReport(report);

/** Reads a report from text: JSON, JUnit's XML or the HTML page. Throws an Error where it is none of them. */
export function parseReportText(source: string): ScanReport | undefined {
  if (/^\s*(<\?xml|<testsuites?\b)/.test(source)) return { format: 'junit', ...readJunit(source) };
  if (/^\s*<!doctype html/i.test(source)) return { format: 'html', ...readHtml(source) };
  return parseReport(JSON.parse(source) as Json);
}

/** The text of a report. */
export function emitReportText(report: ScanReport): string {
  if (report.format === 'junit') return formatXml(writeJunit(report.frame as JunitFrame, report.entries));
  if (report.format === 'html') return writeHtml(report.frame as HtmlFrame, report.entries);
  return `${JSON.stringify(emitReport(report), null, 2)}\n`;
}

/** The report with only the entries that are wanted. */
export const filterReport = (report: ScanReport, wanted: (entry: Entry) => boolean): ScanReport => ({
  ...report,
  entries: report.entries.filter(wanted),
});
