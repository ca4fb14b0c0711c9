import { moduleJson } from '../ast-json.ts';
import { parseModule } from '../parser.ts';
import { BuiltinError } from '../runtime.ts';
import { RegoError } from '../syntax.ts';
import { type Entry, entry, text } from './operands.ts';

/** Rego about Rego. */
export const modules: Readonly<Record<string, Entry>> = {
  'rego.parse_module': entry(2, ([file, source]) => {
    const name = text(file!, 1);
    const written = text(source!, 2);
    try {
      return moduleJson(
        parseModule(written, { file: name, version: /^\s*import\s+rego\.v1\b/m.test(written) ? 'v1' : 'v0' }),
      );
    } catch (error) {
      if (error instanceof RegoError) throw new BuiltinError(`${error.code}: ${error.message}`);
      throw error;
    }
  }),
};
