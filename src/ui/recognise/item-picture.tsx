import { useEffect, useRef, useState } from 'react';
import { useRecognise, useServices } from '../services.tsx';

function draw(canvas: HTMLCanvasElement | null, bitmap: ImageBitmap | undefined): void {
  if (canvas === null || bitmap === undefined) return;
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  canvas.dataset['painted'] = 'true';
}

/** The small picture that is kept of a photograph. Its name is beside it or on the button around it. */
export function ItemPicture({ index }: { readonly index: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pictures = useRecognise((state) => state.open?.pictures);
  useEffect(() => {
    if (pictures === undefined) return undefined;
    return pictures.watch(index, () => draw(canvas.current, pictures.peek(index)));
  }, [pictures, index]);
  // A canvas of another photograph would show that one until this one is there.
  return <canvas key={index} ref={canvas} className="item-picture" aria-hidden="true" />;
}

/** The photograph itself where its file is at hand, and until it is decoded its small picture. */
export function ItemPhotograph({ index }: { readonly index: number }) {
  const { recognise } = useServices();
  const canvas = useRef<HTMLCanvasElement>(null);
  const file = useRecognise(({ open }) => open?.files.of(open.items[index]) ?? null);
  const [shown, setShown] = useState<number | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    if (file !== null)
      void recognise.decodeItem(index, controller.signal).then((bitmap) => {
        if (bitmap === null) return;
        if (!controller.signal.aborted) {
          draw(canvas.current, bitmap);
          setShown(index);
        }
        bitmap.close();
      });
    return () => controller.abort();
  }, [recognise, file, index]);
  return (
    <>
      {shown !== index && <ItemPicture index={index} />}
      <canvas ref={canvas} className="item-picture" hidden={shown !== index} aria-hidden="true" />
    </>
  );
}
