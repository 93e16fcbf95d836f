/**
 * The lint's rules. Which folder may import from which is said once, in `folders`; ARCHITECTURE.md says what each folder is for.
 */

/** Folder → the folders that it may import from, besides itself. */
const folders = {
  'src/core': [],
  'src/formats': ['src/core'],
  'src/models': ['src/core', 'src/formats'],
  'src/catalogue': ['src/core'],
  'src/wasm': [],
  'src/media': ['src/core', 'src/wasm'],
  'src/gpu': ['src/core', 'src/wasm'],
  'src/vit': ['src/core', 'src/gpu'],
  'src/train': ['src/core', 'src/formats', 'src/media', 'src/gpu', 'src/vit'],
  'src/attention': ['src/core'],
  'src/features': ['src/core'],
  'src/recognise': ['src/core', 'src/formats', 'src/models', 'src/features'],
  'src/score': ['src/core', 'src/media'],
  'src/render': ['src/core', 'src/attention'],
  // What all lenses share, and the three lists; a lens itself is below.
  'src/lenses': [
    'src/core',
    'src/engine',
    'src/vit',
    'src/render',
    'src/attention',
    'src/ui/kit',
    'lens contract',
    'lens compute',
    'lens view',
  ],
  'src/rpc': ['src/core', 'src/score', 'src/lenses'],
  'src/library': ['src/core', 'src/formats', 'src/catalogue', 'src/rpc'],
  'src/engine': ['src/core', 'src/formats', 'src/models', 'src/media', 'src/gpu', 'src/vit'],
  'src/worker': [
    'src/core',
    'src/formats',
    'src/models',
    'src/media',
    'src/score',
    'src/gpu',
    'src/vit',
    'src/train',
    'src/attention',
    'src/rpc',
    'src/engine',
    'src/lenses',
    'src/catalogue',
    'src/library',
    'src/recognise',
  ],
  'src/ui/kit': ['src/core', 'src/render'],
  'src/ui': ['src/ui/kit', 'src/core', 'src/score', 'src/rpc', 'src/render', 'src/lenses', 'src/catalogue'],
  'src/service-worker': ['src/core'],
  tools: [
    'src/core',
    'src/formats',
    'src/models',
    'src/media',
    'src/score',
    'src/gpu',
    'src/vit',
    'src/engine',
    'src/train',
    'src/attention',
    'src/render',
    'src/lenses',
    'lens contract',
    'src/testing',
    'src/catalogue',
    'src/recognise',
  ],
  e2e: ['tools', 'src/core', 'src/formats', 'src/catalogue', 'src/testing'],
  'src/testing': [],
};

/** The files of a lens, and what each may import besides its own lens's files. A lens imports no other lens. */
const lensFiles = {
  'lens contract': { pattern: 'src/lenses/*/contract.ts', others: ['src/core', 'src/render', 'src/lenses'] },
  'lens compute': {
    pattern: 'src/lenses/*/compute.ts',
    others: ['src/core', 'src/vit', 'src/engine', 'src/attention', 'src/features', 'src/lenses'],
  },
  'lens view': {
    pattern: 'src/lenses/*/!(contract|compute)*',
    others: ['src/core', 'src/render', 'src/attention', 'src/ui/kit', 'src/lenses'],
  },
};

/** A folder, or files of one kind in the folders of lenses. */
const allFilesOf = (name) =>
  name in lensFiles ? { element: { type: 'lens' }, file: { categories: name } } : { element: { type: name } };

const allow = (from, to) => ({ from: allFilesOf(from), allow: { to: allFilesOf(to) } });

const policies = [
  ...Object.entries(folders).flatMap(([folder, others]) =>
    [folder, ...others].map((to) => allow(folder, to)),
  ),
  ...Object.entries(lensFiles).flatMap(([from, { others }]) => [
    ...others.map((to) => allow(from, to)),
    ...(from === 'lens view' ? ['lens contract', 'lens view'] : ['lens contract']).map((to) => ({
      from: allFilesOf(from),
      allow: {
        to: {
          ...allFilesOf(to),
          element: { type: 'lens', captured: { lens: '{{ from.element.captured.lens }}' } },
        },
      },
    })),
  ]),
  { allow: { to: { module: { origin: ['external', 'core'] } } } },
];

const reactIn = { group: ['react', 'react-dom', 'zustand', 'lucide-react'], message: 'React lives in ui.' };
const tensorsIn = { group: ['@tensorflow/*'], message: 'Tensors live in gpu, vit, train and worker.' };
const forbid = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

export default {
  plugins: ['typescript', 'react', 'import', 'unicorn', 'promise', 'vitest', 'jsx-a11y'],
  jsPlugins: ['eslint-plugin-boundaries'],
  categories: { correctness: 'error', suspicious: 'error' },
  rules: {
    'boundaries/dependencies': ['error', { default: 'disallow', checkInternals: true, policies }],
    ...forbid(tensorsIn, reactIn),
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/consistent-type-imports': 'error',
    'react/rules-of-hooks': 'error',
    'react/exhaustive-deps': 'error',
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'react/react-in-jsx-scope': 'off',
    'import/no-unassigned-import': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/unbound-method': 'off',
    'typescript/consistent-return': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/require-post-message-target-origin': 'off',
    'promise/always-return': 'off',
    'jsx-a11y/prefer-tag-over-role': 'off',
    'no-underscore-dangle': 'off',
    'vitest/no-conditional-expect': 'off',
    'jsx-a11y/role-has-required-aria-props': 'off',
    'jsx-a11y/click-events-have-key-events': 'off',
    'jsx-a11y/no-noninteractive-element-interactions': 'off',
    'react/exhaustive-effect-dependencies': 'off',
    'react/immutability': 'off',
    'unicorn/no-array-fill-with-reference-type': 'off',
    // Of what Vite makes of an address with a question mark only TypeScript knows.
    'import/default': 'off',
    'import/no-named-as-default': 'off',
    'typescript/no-unnecessary-type-parameters': 'off',
    'typescript/no-unnecessary-type-assertion': 'off',
  },
  settings: {
    // The innermost folder counts: more specific folders come first.
    'boundaries/elements': [
      { type: 'lens', pattern: 'src/lenses/*', partialMatch: false, capture: ['lens'] },
      ...Object.keys(folders).map((folder) => ({ type: folder, pattern: folder, partialMatch: false })),
    ],
    'boundaries/files': Object.entries(lensFiles).map(([category, { pattern }]) => ({ category, pattern })),
  },
  overrides: [
    {
      files: ['src/lenses/*/compute.ts', 'src/lenses/*/contract.ts'],
      rules: {
        'no-restricted-globals': [
          'error',
          ...['document', 'window', 'navigator', 'localStorage'].map((name) => ({
            name,
            message: 'It runs in a worker and on the command line.',
          })),
        ],
      },
    },
    { files: ['src/gpu/**', 'src/vit/**', 'src/train/**', 'src/worker/**'], rules: forbid(reactIn) },
    {
      files: ['src/ui/**', 'src/lenses/*/view.tsx', 'src/lenses/lens-view.ts'],
      rules: forbid(tensorsIn),
    },
    {
      files: ['**/*.test.ts', '**/*.suite.ts', 'src/testing/**', 'src/*.ts', 'bench/**'],
      rules: { 'boundaries/dependencies': 'off', 'no-restricted-imports': 'off' },
    },
    {
      files: [
        'vite.config.ts',
        'oxlint.config.mjs',
        'e2e/playwright.config.ts',
        'e2e/soak/playwright.config.ts',
      ],
      rules: { 'import/no-default-export': 'off' },
    },
    { files: ['e2e/**'], rules: { 'react/rules-of-hooks': 'off', 'no-empty-pattern': 'off' } },
  ],
  ignorePatterns: ['dist', 'public'],
};
