/** The model that comes with the page, a folder of public/models; all others are somebody's published networks. */
export const embeddedModelId = 'dinoscope-nano8';
