/**
 * The page's entry asks for the rest of the page by an `import()`, so that something begins before it has come. With this plugin the
 * page names what will be asked for, scripts and style sheets, so that browsers fetch it at once. What the entry asks for is also a
 * script of the page, which has loaded only when that has run.
 */
import type { HtmlTagDescriptor, Plugin, Rolldown } from 'vite';
import { allImports } from './all-imports.ts';

type Chunk = Rolldown.OutputChunk & { readonly viteMetadata?: { readonly importedCss: ReadonlySet<string> } };

const link = (fileName: string, rel: string): HtmlTagDescriptor => ({
  tag: 'link',
  attrs: { rel, crossorigin: true, href: `./${fileName}` },
});

const script = (fileName: string): HtmlTagDescriptor => ({
  tag: 'script',
  attrs: { type: 'module', crossorigin: true, src: `./${fileName}` },
});

export function earlyScripts(): Plugin {
  return {
    name: 'dinoscope-early-scripts',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle, chunk: entry }) {
        if (bundle === undefined || entry === undefined) return [];
        const ofEntry = allImports(entry, bundle);
        // Vite names these.
        const isNamed = (name: string): boolean => name === entry.fileName || ofEntry.has(name);
        const tags = new Map<string, HtmlTagDescriptor>();
        const add = (fileName: string, tag: HtmlTagDescriptor): void => {
          const chunk = bundle[fileName] as Chunk;
          tags.set(fileName, tag);
          for (const style of chunk.viteMetadata?.importedCss ?? [])
            tags.set(style, link(style, 'stylesheet'));
        };
        for (const asked of entry.dynamicImports) {
          const chunk = bundle[asked] as Chunk;
          const modules = [...ofEntry].flatMap((name) => (bundle[name] as Chunk).moduleIds);
          if (ofEntry.has(asked) || (chunk.facadeModuleId !== null && modules.includes(chunk.facadeModuleId)))
            throw new Error(
              `what ${entry.fileName} imports holds ${asked} too: nothing would begin before it`,
            );
          add(asked, script(asked));
          for (const name of allImports(chunk, bundle))
            if (!isNamed(name) && !tags.has(name)) add(name, link(name, 'modulepreload'));
        }
        return [...tags.values()].map((tag) => ({ ...tag, injectTo: 'head' }));
      },
    },
  };
}
