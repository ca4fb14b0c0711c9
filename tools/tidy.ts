/**
 * The house rules as a program: who may import whom, what pure rooms may touch, how long a file may be. `check` runs it;
 * every rule says how many files it saw, so that none can pass by looking at nothing.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface TidyFinding {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Layer -> layers whose index.ts it may import. `base` and itself go without saying; ARCHITECTURE.md shows the same table. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  kernel: [],
  api: ['kernel'],
  cluster: ['kernel'],
  trust: ['kernel'],
  ebpf: ['kernel'],
  compute: ['kernel', 'trust'],
  network: ['kernel', 'ebpf'],
  nsm: ['kernel', 'trust', 'network'],
  mesh: ['kernel', 'trust', 'network'],
  policy: ['kernel'],
  guard: ['kernel', 'ebpf'],
  telemetry: ['kernel', 'ebpf'],
  scaling: ['kernel', 'telemetry'],
  delivery: ['kernel'],
  explain: [
    'kernel',
    'api',
    'cluster',
    'compute',
    'trust',
    'network',
    'nsm',
    'mesh',
    'policy',
    'guard',
    'telemetry',
    'scaling',
    'delivery',
  ],
};

/** Rooms that compose everything; nothing imports them. */
const COMPOSERS = new Set(['hosts', 'cli']);
/** Layers every file of which others may import: base and kernel are the ground, not a face. */
const OPEN_LAYERS = new Set(['base', 'kernel', 'ebpf']);

const VENDOR_WORDS =
  /\b(istio|linkerd|kuma|cilium|kyverno|gatekeeper|argocd|fluxcd|keda|falco|firecracker|youki|gvisor|runsc|wasmedge)\b/i;
const MAX_LINES = 500;
const MAX_FUNCTION_LINES = 70;

const PURE_BANS: readonly (readonly [RegExp, string])[] = [
  [/\basync\b|\bawait\b/, 'async in a pure room'],
  [/from 'node:/, 'node: import in a pure room'],
  [/\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/, 'ambient clock'],
  [/\bMath\.random\(|\bcrypto\.random/, 'ambient randomness'],
  [/\bsetTimeout\(|\bsetInterval\(|\bsetImmediate\(/, 'ambient timer'],
  [/\bprocess\.|(?<![.\w])fetch\(/, 'process or network'],
];

const AMBIENT_BANS: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\(|\bnew Date\(\)/, 'ambient clock (take a Clock)'],
  [/\bMath\.random\(/, 'ambient randomness (take a Random)'],
];

const TIMER_BANS: readonly (readonly [RegExp, string])[] = [
  ...AMBIENT_BANS,
  [/\bset(Timeout|Interval|Immediate)\(/, 'ambient timer (take a Clock)'],
  [/\bperformance\.now\(|\bprocess\.hrtime/, 'ambient clock (take a Clock)'],
  [/\brandomUUID\(|\brandomBytes\(|\bgetRandomValues\(/, 'ambient randomness (take a Random)'],
];

/** Layers and hosts whose code runs in virtual time too; the simulator's own door to the world is ambient.ts and drivers/. */
const VIRTUAL = /^src\/(base|kernel|cluster|policy|network|mesh|delivery|scaling|explain|hosts\/(sim|waist))\//;
const SIMULATOR_DOOR = /^src\/hosts\/sim\/(ambient\.ts|drivers\/)/;

/** Files git knows or would add, under the given folders. */
export function listFiles(root: string, folders: readonly string[]): string[] {
  const out = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...folders], {
    cwd: root,
    encoding: 'utf8',
  });
  return out
    .split('\n')
    .filter(name => name.endsWith('.ts') && !name.includes('/generated/'))
    .sort();
}

/** Tests, and what only tests and benches use. */
const isTest = (file: string): boolean =>
  /\.(test|prop\.test|bench)\.ts$|[-/](testhost|victim|fixture|torture)\.ts$/.test(file) || file.includes('/testing/');
const isPure = (file: string): boolean => /^src\/[a-z]+\/(engine|dialects)\//.test(file) && !isTest(file);
const mayTouchWorld = (file: string): boolean => /\/drivers\/|^src\/(hosts|cli)\//.test(file) || isTest(file);

/** Strips comments and strings' contents so that bans look at code only; line numbers stay. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, block => block.replace(/[^\n]/g, ' '))
    .replace(/(^|[^:'"`\\])\/\/[^\n]*/g, '$1');
}

function layerOf(file: string): string | undefined {
  return /^src\/([a-z]+)\//.exec(file)?.[1];
}

function checkImports(file: string, code: string, report: (rule: string, line: number, text: string) => void): void {
  const from = layerOf(file);
  if (from === undefined) return;
  for (const match of code.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
    const target = normalize(join(dirname(file), match[1]!));
    const to = layerOf(target);
    if (to === undefined || to === from) continue;
    const line = code.slice(0, match.index).split('\n').length;
    if (COMPOSERS.has(to) && !COMPOSERS.has(from) && !isTest(file))
      report('imports', line, `${from} imports ${to}, which nothing may import`);
    else if (!COMPOSERS.has(from) && to !== 'base' && !isTest(file) && !MAY_IMPORT[from]?.includes(to)) {
      report('imports', line, `${from} may not import ${to}`);
    } else if (
      !OPEN_LAYERS.has(to) &&
      !COMPOSERS.has(to) &&
      !isTest(file) &&
      !COMPOSERS.has(from) &&
      target !== `src/${to}/index.ts`
    ) {
      report('imports', line, `${target} is not the face of ${to}: import src/${to}/index.ts`);
    }
  }
}

function bansOf(file: string): readonly (readonly [RegExp, string])[] {
  if (isPure(file)) return PURE_BANS;
  if (isTest(file) || file.includes('/drivers/') || SIMULATOR_DOOR.test(file)) return [];
  if (VIRTUAL.test(file)) return TIMER_BANS;
  return mayTouchWorld(file) || !file.startsWith('src/') ? [] : AMBIENT_BANS;
}

function checkBans(file: string, code: string, report: (rule: string, line: number, text: string) => void): void {
  const bans = bansOf(file);
  const lines = code.split('\n');
  lines.forEach((line, index) => {
    for (const [pattern, text] of bans) if (pattern.test(line)) report('purity', index + 1, text);
  });
}

function checkNames(file: string, code: string, report: (rule: string, line: number, text: string) => void): void {
  const bad =
    /\bexport (?:abstract )?(?:class|interface|type|function|const) (\w*(?:Manager|Helper|Util|Utils|Impl)|I[A-Z][a-z]\w*(?=\s*\{))\b/g;
  for (const match of code.matchAll(bad)) {
    if (/^(Ingress|Image|Identity|Informer|Index|Item|Input|Issue|If|In|Int|Ip|Is|Id)/.test(match[1]!)) continue;
    report('names', code.slice(0, match.index).split('\n').length, `name "${match[1]}"`);
  }
  if (/^src\/[a-z]+\/(engine|model\.ts|ports\.ts)/.test(file) && !isTest(file)) {
    code.split('\n').forEach((line, index) => {
      if (VENDOR_WORDS.test(line)) report('vendor-words', index + 1, 'vendor word outside dialects/');
    });
  }
}

/** Longest functions by indentation: the formatter makes the closing brace stand under the line that opened it. */
function checkSizes(file: string, text: string, report: (rule: string, line: number, text: string) => void): void {
  const lines = text.split('\n');
  if (lines.length > MAX_LINES + 1) report('file-size', MAX_LINES, `${lines.length - 1} lines, at most ${MAX_LINES}`);
  const opener =
    /^(\s*)(?:export )?(?:default )?(?:async )?(?:function\b.*|(?:(?:static|private|protected|public|override|async|get|set|readonly) )*[#\w]+\s*(?:<[^>]*>)?\(.*\).*|(?:const|let) \w+.*=>.*|[#\w]+:? .*=>.*)\{$/;
  if (isTest(file)) return;
  lines.forEach((line, index) => {
    const match = opener.exec(line);
    if (!match || /^\s*(if|for|while|switch|catch|return|else|do|try)\b/.test(line)) return;
    const close = `${match[1]}}`;
    for (let end = index + 1; end < lines.length; end++) {
      if (lines[end]!.startsWith(close) && !/^\s/.test(lines[end]!.slice(close.length - 1, close.length))) {
        if (end - index + 1 > MAX_FUNCTION_LINES)
          report('function-size', index + 1, `${end - index + 1} lines, at most ${MAX_FUNCTION_LINES}`);
        return;
      }
    }
  });
}

/** Checks every file; `seen` lets the caller refuse an empty run. */
export function tidy(root: string): { findings: TidyFinding[]; seen: number } {
  const findings: TidyFinding[] = [];
  const files = listFiles(root, ['src', 'conformance', 'bench', 'tools', 'examples']);
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    const code = codeOf(text);
    const report = (rule: string, line: number, message: string): void => {
      findings.push({ rule, file, line, text: message });
    };
    checkImports(file, code, report);
    checkBans(file, code, report);
    checkNames(file, code, report);
    checkSizes(file, text, report);
    const index = /^src\/([a-z]+)\/index\.ts$/.exec(file);
    if (index && !OPEN_LAYERS.has(index[1]!) && text.split('\n').length > 41)
      report('face-size', 41, 'a layer face has at most 40 lines');
    const model = /^src\/[a-z]+\/model\.ts$/.test(file) && text.split('\n').length > 151;
    if (model) report('model-size', 151, 'a model has under 150 lines');
  }
  return { findings, seen: files.length };
}

if (import.meta.main) {
  const { findings, seen } = tidy(process.cwd());
  for (const { rule, file, line, text } of findings) console.log(`${file}:${line}: ${rule}: ${text}`);
  console.log(`${seen} files, ${findings.length} findings`);
  process.exitCode = findings.length > 0 || seen === 0 ? 1 : 0;
}
