import type { Rolldown } from 'vite';

/** @returns the names of the scripts that a script imports, and of those that they import, and so on; not what is asked for by `import()` */
export function allImports(of: Rolldown.OutputChunk, bundle: Rolldown.OutputBundle): Set<string> {
  const found = new Set<string>();
  const visit = ({ imports }: Rolldown.OutputChunk): void => {
    for (const name of imports) {
      const chunk = bundle[name];
      if (chunk?.type !== 'chunk' || found.has(name)) continue;
      found.add(name);
      visit(chunk);
    }
  };
  visit(of);
  return found;
}
