import { openBrowserPlatform } from '../../testing/browser-platform.ts';
import { checkCorrespondences } from './compute.suite.ts';

checkCorrespondences('webgpu', await openBrowserPlatform());
