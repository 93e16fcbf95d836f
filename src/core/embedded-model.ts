/** The model that comes with the page, a folder of public/models; all others are somebody's published networks. */
export const embeddedModelId = 'dinoscope-mini16';

/** As its model.json says; for the list, which is there before the model. */
export const embeddedModelTitle = 'DINOscope mini/16';
