/** Milliseconds on the host's clock (import `host.now`); read only while a program is profiled. */
export declare function now(): f64;
