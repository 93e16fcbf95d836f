import { ImageOff } from 'lucide-react';
import { useState } from 'react';
import { useRecognise } from '../services.tsx';

/** The small picture that is kept of a photograph. Its name is beside it or on the button around it. */
export function ItemPicture({ index }: { readonly index: number }) {
  // Pictures come one after the other while they are taken in; an item that is there has its own.
  const address = useRecognise(({ open }) => open?.thumbnails.addressOf(index) ?? null);
  return address === null ? (
    <span className="item-picture item-picture-empty" aria-hidden="true">
      <ImageOff />
    </span>
  ) : (
    <img className="item-picture" src={address} alt="" draggable={false} decoding="async" />
  );
}

/** The photograph itself where its file is at hand and the browser shows it; else its small picture. */
export function ItemPhotograph({ index }: { readonly index: number }) {
  const address = useRecognise(({ open }) => {
    const path = open?.items[index]?.path;
    return path === undefined ? null : (open?.files.addressOf(path) ?? null);
  });
  const [broken, setBroken] = useState<string | null>(null);
  return address === null || address === broken ? (
    <ItemPicture index={index} />
  ) : (
    <img
      className="item-picture"
      src={address}
      alt=""
      draggable={false}
      decoding="async"
      onError={() => setBroken(address)}
    />
  );
}
