import { SelectField } from '../kit/select-field.tsx';
import { useApp } from '../services.tsx';
import { partnerOf } from '../state/looks.ts';
import type { Photo } from '../state/photo.ts';

/** The choice of the second photograph, for a lens that looks at a pair. Nothing where there is no other photograph. */
export function PartnerField({ photo }: { readonly photo: Photo }) {
  const order = useApp((state) => state.order);
  const photos = useApp((state) => state.photos);
  const partner = useApp((state) => partnerOf(state, photo.id));
  const choosePartner = useApp((state) => state.choosePartner);
  if (partner === null) return null;
  const choices = order.flatMap((id, at) => {
    const other = photos[id];
    return other === undefined || id === photo.id ? [] : [{ value: id, label: `${at + 1} ${other.name}` }];
  });
  return <SelectField label="Second photograph" choices={choices} value={partner} onChange={choosePartner} />;
}
