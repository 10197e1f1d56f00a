/** llhttp as WebAssembly: the octets of the module. */
declare module 'undici/lib/llhttp/llhttp-wasm.js' {
  const octets: Uint8Array<ArrayBuffer>;
  export default octets;
}

/** The part of the JavaScript interface of WebAssembly that is used here. */
declare namespace WebAssembly {
  class Module {
    constructor(octets: Uint8Array<ArrayBuffer>);
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: unknown;
  }
}
