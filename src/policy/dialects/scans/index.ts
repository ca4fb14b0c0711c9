/** Image scans: reports of every scanner as one model, packages of images, and what is vulnerable in them. */
export { composeReport } from './compose.ts';
export { type Database, matchPackages, readDatabase } from './database.ts';
export { denyVulnerabilities, type DenyRule, type ScanException, type ScanVerdict } from './deny.ts';
export type { Entry, EntryKind, ScanReport, Severity } from './model.ts';
export {
  goBuildInfo,
  type ImageInventory,
  type ImageSystem,
  isNamedPackage,
  isPackageFile,
  readPackages,
} from './packages.ts';
export { emitReport, emitReportText, filterReport, parseReport, parseReportText } from './report.ts';
