/** A build of the kernels as raw deflate in base64; written by scripts/kernels.ts. */
declare module '../../build/*.js' {
  const base64: string;
  export default base64;
}
