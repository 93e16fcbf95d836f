/** The field for a new class, for its label and for the key that goes to it. */
export const newClassFieldId = 'new-class';
