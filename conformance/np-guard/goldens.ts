/** The content of a golden, whatever its format: rows of text, comparable as sets. */
export interface Golden {
  readonly connections?: readonly string[];
  readonly exposures?: readonly string[];
  readonly open?: readonly string[];
  readonly explained?: readonly string[];
  readonly networks?: readonly string[];
  readonly differences?: readonly string[];
}

const SEPARATOR = ' | ';
export const row = (...fields: readonly string[]): string => fields.join(SEPARATOR);

/** RFC 4180 as far as the goldens use it. */
function csvFields(line: string): string[] {
  const fields: string[] = [];
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    fields.push(match[1] === undefined ? match[2]! : match[1].replaceAll('""', '"'));
  }
  return fields;
}

const mdFields = (line: string): string[] =>
  line
    .trim()
    .replace(/^\|\s?|\s?\|$/g, '')
    .split('|')
    .map(field => field.trim());

interface Sections {
  connections: string[];
  exposures: string[];
  differences: string[];
  hasExposures: boolean;
}

/** Tables: the header of each names its columns; headings tell which side of the exposure it is. */
function readTable(lines: readonly string[], split: (line: string) => string[]): Golden {
  const result: Sections = { connections: [], exposures: [], differences: [], hasExposures: false };
  let direction: string | undefined;
  let columns: string[] = [];
  for (const line of lines) {
    if (line.trim() === '' || /^[|\s-]+$/.test(line)) continue;
    const heading = /(Egress|Ingress) Exposure:/.exec(line);
    if (/Exposure Analysis Result/.test(line)) result.hasExposures = true;
    if (heading) direction = heading[1]!.toLowerCase();
    if (heading || /Exposure Analysis Result/.test(line)) continue;
    const fields = split(line);
    if (fields.includes('src') || fields.includes('diff-type')) {
      columns = fields;
      continue;
    }
    const field = (name: string): string => fields[columns.indexOf(name)] ?? '';
    if (columns[0] === 'diff-type') result.differences.push(row(...fields.slice(0, 6)));
    else if (direction === 'egress') result.exposures.push(row(direction, field('src'), field('dst'), field('conn')));
    else if (direction === 'ingress') result.exposures.push(row(direction, field('dst'), field('src'), field('conn')));
    else result.connections.push(row(field('src'), field('dst'), field('conn'), field('network')));
  }
  if (columns[0] === 'diff-type') return { differences: result.differences };
  return { connections: result.connections, ...(result.hasExposures ? { exposures: result.exposures } : {}) };
}

interface JsonRow {
  readonly src: string;
  readonly dst: string;
  readonly conn?: string;
}

function readJson(text: string): Golden {
  const parsed: unknown = JSON.parse(text);
  const plain = (entry: JsonRow): string => row(entry.src, entry.dst, entry.conn ?? '', '');
  if (Array.isArray(parsed)) return { connections: (parsed as JsonRow[]).map(plain) };
  const named = Object.entries((parsed ?? {}) as Record<string, unknown>);
  const find = (prefix: string): unknown => named.find(([key]) => key.startsWith(prefix))?.[1];
  const exposures = (find('exposure') ?? {}) as { egress_exposure?: JsonRow[]; ingress_exposure?: JsonRow[] };
  return {
    connections: ((find('connlist') ?? []) as JsonRow[]).map(plain),
    exposures: [
      ...(exposures.egress_exposure ?? []).map(entry => row('egress', entry.src, entry.dst, entry.conn ?? '')),
      ...(exposures.ingress_exposure ?? []).map(entry => row('ingress', entry.dst, entry.src, entry.conn ?? '')),
    ],
  };
}

const DIFF_LINE =
  /^diff-type: (\w+), source: (.*), destination: (.*), \w+1: (.*), \w+2: (.*?)(?:, workloads-diff-info: (.*))?$/;

/** What one line of a plain report adds to its rows. */
class PlainReport {
  readonly connections: string[] = [];
  readonly exposures: string[] = [];
  readonly open: string[] = [];
  readonly networks: string[] = [];
  readonly differences: string[] = [];
  hasExposures = false;
  hasNetworks = false;
  hasDifferences = false;
  network = '';
  workload: string[] | undefined;

  read(line: string): void {
    const heading = /^Permitted connectivity analyzed in (?:Pod network|(?:primary|secondary) \S+ (.*)):$/.exec(line);
    const exposure = /^(\S.*?) \t(=>|<=) \t(.*?)(?: : (.*))?$/.exec(line);
    const connection = /^(\S.*?) => (.*?)(?: : (.*))?$/.exec(line);
    const difference = DIFF_LINE.exec(line);
    if (heading) this.network = heading[1] ?? 'pod-network';
    else if (line.startsWith('Exposure Analysis Result')) this.hasExposures = true;
    else if (line.startsWith('Workload-to-Networks Mapping')) this.hasNetworks = true;
    else if (line.startsWith('Connectivity diff')) this.hasDifferences = true;
    else if (difference) this.differences.push(row(...difference.slice(1, 6).map(String), difference[6] ?? ''));
    else if (this.hasNetworks) this.readNetwork(line);
    else if (/is not protected on/.test(line)) this.open.push(line.trim());
    else if (exposure) {
      const direction = exposure[2] === '=>' ? 'egress' : 'ingress';
      this.exposures.push(row(direction, exposure[1]!.trim(), exposure[3]!, exposure[4] ?? ''));
    } else if (connection)
      this.connections.push(row(connection[1]!, connection[2]!, connection[3] ?? '', this.network));
  }

  readNetwork(line: string): void {
    const head = /^(\S+\[\w+\]):\s*$/.exec(line);
    const primary = /^\tPrimary Network: (.*)$/.exec(line);
    const secondary = /^\tSecondary Networks: (.*)$/.exec(line);
    if (head) this.workload = [head[1]!, '', ''];
    if (primary && this.workload) this.workload[1] = primary[1]!;
    if (secondary && this.workload) {
      this.workload[2] = secondary[1]!
        .split(',')
        .map(name => name.trim())
        .sort()
        .join(', ');
      this.networks.pop();
    }
    if ((primary || secondary) && this.workload) this.networks.push(this.workload.join('|'));
  }
}

function readPlain(text: string): Golden {
  const report = new PlainReport();
  for (const line of text.split('\n')) report.read(line);
  if (report.hasDifferences) return { differences: report.differences };
  return {
    connections: report.connections,
    ...(report.hasExposures ? { exposures: report.exposures, open: report.open } : {}),
    ...(report.hasNetworks ? { networks: report.networks } : {}),
  };
}

/** Reports of reasons: one row a pair, its groups and their lines in order of text. */
export function readExplained(text: string): Golden {
  const [reasons = '', ...rest] = text.split(/^(?=Exposure Analysis Result)/m);
  const explained: string[] = [];
  let network = '';
  for (const block of reasons.split(/^(?=#+\n# )|^-{20,}$/m)) {
    const heading =
      /^# (?:Specific connections and their reasons|All Connections due to the system default \(Allow all\))(?: in (?:(?:primary|secondary) \S+ )?(\S+))? #$/m.exec(
        block,
      );
    if (heading) network = heading[1] ?? '';
    if (/^# All Connections due/m.test(block)) {
      for (const line of block.split('\n'))
        if (/^\S.* => /.test(line)) explained.push(row(network, line.trim(), 'default'));
    }
    const pair = /^Connections between (.*):$/m.exec(block);
    if (pair) explained.push(row(network, pair[1]!, readGroups(block).join('\n\n')));
  }
  const exposure = rest.length > 0 ? readPlain(rest.join('')) : {};
  return { explained, ...(exposure.exposures ? { exposures: exposure.exposures, open: exposure.open ?? [] } : {}) };
}

function readGroups(block: string): string[] {
  const groups: { head: string; sides: string[][] }[] = [];
  for (const raw of block.split('\n')) {
    const line = raw.trim().replace(/^- /, '');
    if (/^\t(Allowed|Denied) /.test(raw)) groups.push({ head: line, sides: [] });
    else if (line === '' || !raw.startsWith('\t\t') || line.endsWith(' list:')) continue;
    else if (/^\t\t\S/.test(raw)) groups.at(-1)?.sides.push([line]);
    else groups.at(-1)?.sides.at(-1)?.push(line);
  }
  return groups
    .map(({ head, sides }) => [head, ...sides.flatMap(([first, ...rest]) => [first!, ...rest.sort()])].join('\n'))
    .sort();
}

/** Reads a golden by the suffix of its name. */
export function readGolden(name: string, text: string): Golden {
  if (name.endsWith('.json')) return readJson(text);
  if (name.endsWith('.csv')) return readTable(text.split('\n'), csvFields);
  if (name.endsWith('.md')) return readTable(text.split('\n'), mdFields);
  return /_explain(_exposure)?_output\./.test(name) ? readExplained(text) : readPlain(text);
}
