/**
 * The page's entry asks for the rest of the page by an `import()`, so that something begins before it has come. With this plugin the
 * page names what will be asked for, scripts and style sheets, so that browsers fetch it at once.
 */
import type { HtmlTagDescriptor, Plugin, Rolldown } from 'vite';

type Chunk = Rolldown.OutputChunk & { readonly viteMetadata?: { readonly importedCss: ReadonlySet<string> } };

export function earlyScripts(): Plugin {
  return {
    name: 'dinoscope-early-scripts',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle, chunk: entry }) {
        if (bundle === undefined || entry === undefined) return [];
        const tags = new Map<string, HtmlTagDescriptor>();
        const add = (fileName: string, attrs: Record<string, string | boolean>): void =>
          void tags.set(fileName, {
            tag: 'link',
            attrs: { ...attrs, crossorigin: true, href: `./${fileName}` },
            injectTo: 'head',
          });
        const visit = (fileName: string): void => {
          const chunk = bundle[fileName] as Chunk | undefined;
          // Vite names what the entry imports.
          const isNamed = tags.has(fileName) || entry.imports.includes(fileName);
          if (chunk?.type !== 'chunk' || chunk === entry || isNamed) return;
          add(fileName, { rel: 'modulepreload' });
          for (const style of chunk.viteMetadata?.importedCss ?? []) add(style, { rel: 'stylesheet' });
          for (const imported of chunk.imports) visit(imported);
        };
        for (const fileName of entry.dynamicImports) visit(fileName);
        return [...tags.values()];
      },
    },
  };
}
