/** The catalogue that comes with the page. A test and every build read it, so it is right where it runs. */
import json from './catalogue.json' with { type: 'json' };
import { parseCatalogue } from './parse-catalogue.ts';

export const catalogue = parseCatalogue(json);
