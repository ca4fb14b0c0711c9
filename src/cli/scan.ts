import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openImages } from '../compute/index.ts';
import { stateFolderPath } from '../hosts/node/state.ts';
import { decodeDocuments, type Json } from '../kernel/index.ts';
import {
  composeReport,
  denyVulnerabilities,
  type DenyRule,
  type Entry,
  matchPackages,
  parseReport,
  parseReportText,
  readDatabase,
  type ScanException,
  type Severity,
} from '../policy/index.ts';
import { type Command, EXIT, type Invocation, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';
import { scanImage } from './scan-image.ts';

const SEVERITIES: readonly string[] = ['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];

function documentOf(file: string): unknown {
  const { value, faults } = decodeDocuments(readFileSync(file, 'utf8'), {
    file,
    limits: { size_bytes_max: 512 * 1024 * 1024 },
  });
  if (faults[0]) throw cliFaults.error('bad-scan', { reason: `cannot read ${file}` });
  return value[0]?.value;
}

function exceptionsOf(file: string | undefined): ScanException[] {
  if (file === undefined) return [];
  const document = documentOf(resolve(file));
  const list = Array.isArray(document) ? document : (document as { exceptions?: unknown })?.exceptions;
  if (!Array.isArray(list)) throw cliFaults.error('bad-scan', { reason: `${file} holds no list of exceptions` });
  return list as ScanException[];
}

/** The rule the options ask for; none where no severity is named. */
function ruleOf({ options }: Invocation): DenyRule | undefined {
  const severity = stringOption(options, 'deny')?.toUpperCase();
  if (severity === undefined) return undefined;
  if (!SEVERITIES.includes(severity))
    throw cliFaults.error('unknown-target', { what: 'severity', name: severity, known: SEVERITIES.join(', ') });
  return {
    severity: severity as Severity,
    fixableOnly: options['fixable-only'] === true,
    age_days_min: Number(stringOption(options, 'min-age-days') ?? 0) || 0,
    exceptions: exceptionsOf(stringOption(options, 'exceptions')),
  };
}

const line = (entry: Entry): string =>
  [
    entry.severity ?? '',
    entry.id ?? '',
    [entry.packageName, entry.packageVersion].filter(Boolean).join(' '),
    entry.fixedVersions?.length ? `-> ${entry.fixedVersions.join(', ')}` : '',
    entry.title ?? entry.message ?? '',
  ]
    .filter(part => part !== '')
    .join('  ');

/** Tells the findings, then what of them is refused; resolves to the exit code. */
function tell(invocation: Invocation, entries: readonly Entry[], shown: (entry: Entry) => boolean): number {
  const { terminal, output } = invocation;
  const rule = ruleOf(invocation);
  const verdict = rule && denyVulnerabilities(entries, rule, Date.now());
  if (output === 'json')
    terminal.out(
      JSON.stringify({ entries: entries.filter(shown), denied: verdict?.denied, expired: verdict?.expired }),
    );
  else for (const entry of entries.filter(shown)) terminal.out(line(entry));
  if (output !== 'json') {
    for (const { id, until, reason } of verdict?.expired ?? [])
      terminal.err(`exception for ${id} ended ${until} (${reason})`);
    if (verdict) terminal.out(`${verdict.denied.length} denied of ${entries.filter(shown).length}`);
  }
  return verdict && verdict.denied.length > 0 ? EXIT.no : EXIT.yes;
}

async function image(name: string, invocation: Invocation): Promise<number> {
  const { options, environment, terminal } = invocation;
  const folder = join(stateFolderPath(stringOption(options, 'state'), environment), 'images');
  await using open = await openImages({ folder, plainHttp: [] });
  const inventory = await scanImage(open.images, name);
  for (const path of inventory.unread) terminal.err(`not assessable: ${path}`);
  const database = stringOption(options, 'db');
  const found = database === undefined ? [] : matchPackages(inventory, readDatabase(documentOf(resolve(database))));
  const format = stringOption(options, 'format');
  if (format !== undefined) {
    const report = composeReport(format, name, inventory, found);
    if (report === undefined)
      throw cliFaults.error('unknown-target', {
        what: 'format',
        name: format,
        known: 'trivy, cyclonedx, trivy-operator',
      });
    terminal.out(JSON.stringify(report, null, 2));
    return EXIT.yes;
  }
  return database === undefined
    ? tell(invocation, inventory.packages, () => true)
    : tell(invocation, found, entry => entry.kind === 'vulnerability');
}

function report(file: string, invocation: Invocation): number {
  const source = readFileSync(resolve(file), 'utf8');
  const parsed = /\.ya?ml$/.test(file) ? parseReport(documentOf(resolve(file)) as Json) : parseReportText(source);
  if (parsed === undefined) throw cliFaults.error('bad-scan', { reason: `${file} is no report of a known scanner` });
  return tell(invocation, parsed.entries, entry => entry.kind !== 'package' && entry.kind !== 'rule');
}

export const command: Command = {
  name: 'scan',
  summary: {
    en: 'Find vulnerable packages in images, read scanner reports',
    zh: '查找镜像中的漏洞软件包,读取扫描报告',
  },
  usage: 'image IMAGE [--db FILE] | report FILE',
  words: 2,
  options: {
    db: {
      type: 'string',
      value: 'FILE',
      help: { en: 'OSV or Grype records as JSON', zh: 'OSV 或 Grype 格式的 JSON 数据库' },
    },
    format: {
      type: 'string',
      value: 'FORMAT',
      help: { en: 'Write trivy, cyclonedx or trivy-operator', zh: '输出 trivy、cyclonedx 或 trivy-operator 格式' },
    },
    deny: { type: 'string', value: 'SEVERITY', help: { en: 'Fail from this severity on', zh: '达到该严重级别即失败' } },
    'fixable-only': { type: 'boolean', help: { en: 'Deny only what a fix exists for', zh: '仅拒绝已有修复的漏洞' } },
    'min-age-days': {
      type: 'string',
      value: 'DAYS',
      help: { en: 'Deny only what is older', zh: '仅拒绝公布已久的漏洞' },
    },
    exceptions: {
      type: 'string',
      value: 'FILE',
      help: { en: 'List of {id, packageName, until, reason}', zh: '例外列表:{id, packageName, until, reason}' },
    },
    state: { type: 'string', value: 'DIR', help: { en: 'State folder', zh: '状态文件夹' } },
  },
  examples: ['tenon scan image shop/cart:1 --db osv.json --deny HIGH --fixable-only', 'tenon scan report trivy.json'],
  async run(invocation) {
    const [verb = '', name] = invocation.positionals;
    if (verb !== 'image' && verb !== 'report')
      throw cliFaults.error('unknown-target', { what: 'scan', name: verb, known: 'image, report' });
    if (name === undefined)
      throw cliFaults.error('missing-argument', { command: `scan ${verb}`, what: verb === 'image' ? 'IMAGE' : 'FILE' });
    return verb === 'image' ? await image(name, invocation) : report(name, invocation);
  },
};
