/** The model that comes with the page: a folder of public/models. */
export const embeddedModelId = 'dinoscope-mini16';

/** As in its model.json. The list of models needs it before the model is loaded. */
export const embeddedModelTitle = 'DINOscope mini/16';
