/** Hands a file to the browser's downloads. */
export function saveFile(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser takes the file from the address after the click; a minute is enough for any disk.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
