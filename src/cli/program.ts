import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Invocation } from './command.ts';

/**
 * Runs one of the checkout's own programs (tests, suites, benches: they are not part of the bundle) with the given
 * arguments and this process's standard streams; resolves to its exit code. It gets the first Ctrl-C like everyone else.
 */
export function runProgram(invocation: Invocation, program: string, args: readonly string[]): Promise<number> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(invocation.root, program), ...args],
    {
      cwd: invocation.root,
      stdio: 'inherit',
      env: { ...process.env, TENON_ROOT: invocation.root },
    },
  );
  return new Promise((resolve, reject) => {
    invocation.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

/** Options as the command line gave them, in a canonical order. */
export function optionArguments(options: Invocation['options'], names: readonly string[]): string[] {
  return names.flatMap(name => {
    const value = options[name];
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    return (typeof value === 'string' ? [value] : value).flatMap(text => [`--${name}`, text]);
  });
}
