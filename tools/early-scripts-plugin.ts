/**
 * The page's entry asks for the rest of the page by an `import()`, so that something begins before it has come. With this plugin the
 * page names what will be asked for, scripts and style sheets, so that browsers fetch it at once. What the entry asks for is also a
 * script of the page, since the page has loaded only when that has run.
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
        const link = (fileName: string, rel: string): HtmlTagDescriptor => ({
          tag: 'link',
          attrs: { rel, crossorigin: true, href: `./${fileName}` },
        });
        const script = (fileName: string): HtmlTagDescriptor => ({
          tag: 'script',
          attrs: { type: 'module', crossorigin: true, src: `./${fileName}` },
        });
        const visit = (fileName: string): void => {
          const chunk = bundle[fileName] as Chunk | undefined;
          // Vite names what the entry imports.
          const isNamed = tags.has(fileName) || entry.imports.includes(fileName);
          if (chunk?.type !== 'chunk' || chunk === entry || isNamed) return;
          const isAsked = entry.dynamicImports.includes(fileName);
          tags.set(fileName, isAsked ? script(fileName) : link(fileName, 'modulepreload'));
          for (const style of chunk.viteMetadata?.importedCss ?? [])
            tags.set(style, link(style, 'stylesheet'));
          for (const imported of chunk.imports) visit(imported);
        };
        for (const fileName of entry.dynamicImports) visit(fileName);
        return [...tags.values()].map((tag) => ({ ...tag, injectTo: 'head' }));
      },
    },
  };
}
