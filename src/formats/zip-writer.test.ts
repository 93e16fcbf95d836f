import { expect, test } from 'vitest';
import { findEntryBytes, readZipDirectory } from './zip-directory.ts';
import { crc32Of, writeZip } from './zip-writer.ts';

const files = new Map([
  ['a.txt', new Blob(['123456789'])],
  ['empty', new Blob([])],
  ['größe.bin', new Blob([Uint8Array.from({ length: 70_000 }, (_, i) => i % 251)])],
]);

test('the checksum is the one that the standard gives for its own example', async () => {
  // "123456789" is the check value that CRC catalogues list for CRC-32.
  expect(await crc32Of(new Blob(['123456789']))).toBe(0xcbf43926);
});

test('an archive gives back its files, their names and their checksums', async () => {
  const archive = await writeZip(files);
  const directory = await readZipDirectory(archive);
  expect([...directory.keys()]).toEqual([...files.keys()]);
  for (const [name, entry] of directory) {
    const begin = await findEntryBytes(archive, entry);
    const bytes = archive.slice(begin, begin + entry.byteLength);
    expect(new Uint8Array(await bytes.arrayBuffer())).toEqual(
      new Uint8Array((await files.get(name)?.arrayBuffer()) ?? []),
    );
    expect(entry.crc32).toBe(await crc32Of(bytes));
  }
});

test('the same files make the same archive', async () => {
  const [first, second] = [await writeZip(files), await writeZip(files)];
  expect(new Uint8Array(await first.arrayBuffer())).toEqual(new Uint8Array(await second.arrayBuffer()));
});

test('who listens is told of every byte that is read, and can end it', async () => {
  let doneBytes = 0;
  await writeZip(files, (byteLength) => {
    doneBytes += byteLength;
  });
  expect(doneBytes).toBe(70_009);
  const end = new Error('enough');
  const ended = writeZip(files, () => {
    throw end;
  });
  await expect(ended).rejects.toBe(end);
});
