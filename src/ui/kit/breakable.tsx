import { Fragment } from 'react';

/** After these a long file name may go on in the next line. */
const ends = /(?<=[-_.,()])/;

/** A name that breaks between its parts, and within one only where nothing else helps. */
export const Breakable = ({ name }: { readonly name: string }) =>
  name.split(ends).map((part, at) => (
    // oxlint-disable-next-line react/no-array-index-key -- a part is its place
    <Fragment key={at}>
      {at > 0 && <wbr />}
      {part}
    </Fragment>
  ));
