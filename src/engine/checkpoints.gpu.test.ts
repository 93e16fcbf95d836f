import { fetchBlob } from '../testing/browser-platform.ts';
import { checkCheckpoints } from './checkpoints.suite.ts';

const openFixture = (file: string): Promise<Blob> =>
  fetchBlob(`/tools/reference/fixtures/checkpoints/${file}`);

checkCheckpoints('webgpu', openFixture, 1e-4);
