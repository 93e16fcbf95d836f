/** Shows the open collection while photographs come into it. */
import type { CollectionItem, RecogniseContract, StoredCollection } from '../../rpc/recognise-contract.ts';
import type { FilesAtHand } from './files-at-hand.ts';
import type { PhotographsProgress } from './gathering-progress.ts';
import { rememberCollection } from './last-collection.ts';
import type { RecogniseConduct } from './recognise-conduct.ts';
import { nothingOpen, withItems, type OpenCollection } from './recognise-state.ts';
import { SmallPictures } from './small-pictures.ts';
import { Thumbnails } from './thumbnails.ts';

type GatherRequest = RecogniseContract['gatherFeatures']['request'];

const openNew = (kept: StoredCollection, files: FilesAtHand): OpenCollection => ({
  kept,
  items: [],
  pictures: new SmallPictures(),
  files,
  classNames: [],
});

/** The collection that is open, as the person sees it grow. */
export class GrowingCollection {
  private readonly conduct: RecogniseConduct;
  private isCatchingUp = false;

  constructor(conduct: RecogniseConduct) {
    this.conduct = conduct;
  }

  /** Those that are sent now can be opened in the viewer. */
  showFiles(into: GatherRequest['into'], files: FilesAtHand): void {
    this.conduct.store.setState(({ open }) =>
      open === null || into.kind === 'new' || open.kept.id !== into.id ? {} : { open: { ...open, files } },
    );
  }

  begin(kept: StoredCollection, files: FilesAtHand, wanted: number): void {
    const { store } = this.conduct;
    rememberCollection({ id: kept.id, wanted });
    const { open } = store.getState();
    if (open?.kept.id === kept.id) store.setState({ open: { ...open, kept } });
    else store.setState({ ...nothingOpen, settings: kept.settings, open: openNew(kept, files) });
  }

  show({ added, ...progress }: PhotographsProgress): void {
    const { store } = this.conduct;
    const { open, gathering } = store.getState();
    if (open === null || gathering === null) return;
    store.setState({ gathering: { ...gathering, progress } });
    // What an engine had kept when it was lost, or another window has added, was told to nobody here.
    let end = open.items.length;
    const fitting = added.filter(({ item }) => {
      const fits = item.index <= end;
      if (item.index === end) end += 1;
      return fits;
    });
    this.showItems(fitting);
    if (fitting.length < added.length) void this.catchUp();
  }

  private showItems(added: PhotographsProgress['added']): void {
    this.conduct.store.setState(({ open, arranged }) => {
      if (open === null || added.length === 0) return {};
      for (const { item, thumbnail } of added)
        if (thumbnail !== null) open.pictures.add(item.index, thumbnail);
      const items: CollectionItem[] = added.map(({ item }) => item);
      const isNew = items.filter(({ index, failure }) => failure === null && open.items[index] === undefined);
      return {
        open: withItems(open, items),
        arranged: isNew.length === 0 ? arranged : [...arranged, ...isNew.map(({ index }) => index)],
      };
    });
  }

  /** Reads what the page was not told of. */
  async catchUp(): Promise<void> {
    const { open } = this.conduct.store.getState();
    if (open === null || this.isCatchingUp) return;
    this.isCatchingUp = true;
    const outcome = await this.conduct.client.call('openCollection', { id: open.kept.id });
    this.isCatchingUp = false;
    const now = this.conduct.store.getState().open;
    if (!outcome.ok || now?.pictures !== open.pictures) return;
    const { items, thumbnails, thumbnailEnds } = outcome.value;
    const pictures = new Thumbnails(thumbnails, thumbnailEnds);
    const missing = items.slice(now.items.length);
    this.showItems(missing.map((item) => ({ item, thumbnail: pictures.of(item.index) })));
  }
}
