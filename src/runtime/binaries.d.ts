/** A build of the kernels as raw deflate in base64; written by scripts/build.ts. */
declare module '../../build/*.js' {
  const base64: string;
  export default base64;
}
