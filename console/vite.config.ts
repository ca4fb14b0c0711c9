import { defineConfig } from 'vite';

/** The page is small and served from loopback: one chunk, no source maps, no network at build time. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2024' },
});
