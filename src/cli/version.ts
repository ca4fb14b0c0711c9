import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { VERSION } from '../api/index.ts';
import { EXIT, type Command } from './command.ts';

export const command: Command = {
  name: 'version',
  summary: { en: 'The version of Tenon, and of the Kubernetes API it speaks', zh: 'Tenon 及其 Kubernetes API 的版本' },
  usage: '[-o json|yaml]',
  async run({ terminal, output, root }) {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const told = { tenon: version, kubernetes: VERSION.gitVersion, node: process.versions.node };
    if (output === 'json') terminal.out(JSON.stringify(told));
    else if (output === 'yaml') terminal.out(stringify(told).trimEnd());
    else terminal.out(`tenon ${told.tenon} (Kubernetes API ${told.kubernetes}, Node ${told.node})`);
    return EXIT.yes;
  },
};
