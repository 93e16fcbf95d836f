import { checkDeviceProducts } from './device-products.suite.ts';

checkDeviceProducts('webgpu');
