/** The package's version, written into what is saved. */
export const VERSION = '0.1.0';
