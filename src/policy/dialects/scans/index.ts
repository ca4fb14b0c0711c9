/** Image scans: reports of every scanner as one model. */
export type { Entry, EntryKind, ScanReport, Severity } from './model.ts';
export { emitReport, emitReportText, filterReport, parseReport, parseReportText } from './report.ts';
