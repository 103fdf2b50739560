import { later } from '../runtime/later.ts';

/** What a network sees in a picture: see `look.ts`. */
export const look = later(() => import('./look.ts'), 'look');
/** Pictures of filters and activations: see `pictures.ts`. */
export const pictures = later(() => import('./pictures.ts'), 'pictures');
/** Examples as augmentation changes them, as one picture: see `sheet.ts`. */
export const augmentationSheet = later(() => import('./sheet.ts'), 'augmentationSheet');
/** Writes such a picture as PNG: see `sheet.ts`. */
export const writeSheet = later(() => import('./sheet.ts'), 'writeSheet');
