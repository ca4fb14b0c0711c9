/** Recipes as they are written: manifests, commands and what they printed, in the order of the page. */

/** One thing a page says to do, or shows. */
export type Step =
  | { readonly kind: 'manifest'; readonly text: string }
  /** A command for the cluster. */
  | { readonly kind: 'kubectl'; readonly words: readonly string[] }
  /** A command inside the pod that was run last, and the lines it printed. */
  | { readonly kind: 'inside'; readonly words: readonly string[]; readonly printed: readonly string[] };

const PROMPT = /^\s*(\$|\/ #)\s+/;

/** Words of a shell line: quotes keep blanks together, `{a,b}` stands for both. */
export function shellWords(line: string): string[] {
  const words = [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replaceAll(/["']/g, ''));
  return words.flatMap(word => {
    const braces = /^\{([^}]*,[^}]*)\}$/.exec(word);
    return braces ? braces[1]!.split(',') : [word];
  });
}

interface Block {
  readonly language: string;
  readonly lines: readonly string[];
}

/** Fenced and indented blocks of a page (CommonMark §4.4, §4.5). */
function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let fence: { readonly mark: string; readonly block: { language: string; lines: string[] } } | undefined;
  let indented: string[] = [];
  const close = (): void => {
    if (indented.length > 0) blocks.push({ language: '', lines: indented });
    indented = [];
  };
  for (const line of page.replaceAll('\r', '').split('\n')) {
    const mark = /^\s{0,3}(```+|~~~+)\s*(\w*)/.exec(line);
    if (fence) {
      if (mark?.[1]?.startsWith(fence.mark)) {
        blocks.push(fence.block);
        fence = undefined;
      } else fence.block.lines.push(line);
    } else if (mark) {
      close();
      fence = { mark: mark[1]!, block: { language: mark[2] ?? '', lines: [] } };
    } else if (/^( {4}|\t)/.test(line)) indented.push(line.replace(/^( {4}|\t)/, ''));
    else if (line.trim() !== '' || indented.length === 0) close();
    else indented.push('');
  }
  close();
  return blocks;
}

/** Lines that end in a backslash go on in the next one. */
function joined(lines: readonly string[]): string[] {
  const whole: string[] = [];
  let open = false;
  for (const line of lines) {
    if (open) whole[whole.length - 1] = `${whole.at(-1)!.replace(/\\\s*$/, '')} ${line.trim()}`;
    else whole.push(line);
    open = /\\\s*$/.test(line);
  }
  return whole;
}

function stepsOf({ language, lines }: Block): Step[] {
  const text = lines.join('\n');
  if (/^ya?ml$/.test(language) || /^(apiVersion|kind):/m.test(text))
    return /^apiVersion:/m.test(text) && /^kind:/m.test(text) ? [{ kind: 'manifest', text }] : [];
  const steps: Step[] = [];
  let printed: string[] | undefined;
  for (const line of joined(lines)) {
    const prompt = PROMPT.exec(line)?.[1];
    const words = shellWords(line.replace(PROMPT, ''));
    if (prompt === '/ #') {
      printed = [];
      steps.push({ kind: 'inside', words, printed });
    } else if (words[0] === 'kubectl') {
      printed = undefined;
      steps.push({ kind: 'kubectl', words: words.slice(1) });
    } else if (line.trim() !== '') printed?.push(line.trim());
  }
  return steps;
}

/** What a page does, in order. */
export const readTranscript = (page: string): Step[] => blocksOf(page).flatMap(stepsOf);
