/** The model that comes with the page, a folder of public/models; all others are somebody's published networks. */
export const embeddedModelId = 'dinoscope-nano8';

/** As its model.json says; for the list, which is there before the model. */
export const embeddedModelTitle = 'DINOscope nano/8';
