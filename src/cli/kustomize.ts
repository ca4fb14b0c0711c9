import { existsSync } from 'node:fs';
import { openTree, printKustomization } from '../delivery/index.ts';
import { type Command, EXIT } from './command.ts';
import { cliFaults } from './faults.ts';

export const command: Command = {
  name: 'kustomize',
  summary: { en: 'Print what a kustomization builds', zh: '输出 kustomization 的构建结果' },
  usage: 'build [FOLDER]',
  words: 2,
  examples: ['tenon kustomize build overlays/production'],
  async run({ positionals, terminal }) {
    const [verb, folder = '.'] = positionals;
    if (verb !== 'build') {
      throw cliFaults.error('unknown-target', { what: 'verb', name: verb ?? '', known: 'build' });
    }
    if (!existsSync(folder))
      throw cliFaults.error('unknown-target', { what: 'folder', name: folder, known: 'a folder' });
    const { tree, path } = openTree(folder);
    terminal.out(printKustomization(tree, path).replace(/\n$/, ''));
    return EXIT.yes;
  },
};
