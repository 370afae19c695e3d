import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, loadEnv, type Plugin } from "vite";

/** Puts `name.br` and `name.gz` beside each file that is worth it, so that the server never compresses. */
function precompress(): Plugin {
  return {
    name: "precompress",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        for (const file of Object.values(bundle)) {
          const source = Buffer.from(file.type === "chunk" ? file.code : file.source);
          const brotli = brotliCompressSync(source, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
          this.emitFile({ type: "asset", fileName: `${file.fileName}.br`, source: brotli });
          this.emitFile({ type: "asset", fileName: `${file.fileName}.gz`, source: gzipSync(source, { level: 9 }) });
        }
      },
    },
  };
}

/** The API of the platform that `.env` names (`python -m scripts.write_env` writes it), as if it were of this origin. */
function api(mode: string) {
  const target = loadEnv(mode, process.cwd(), "PUBLIC_ORIGIN")["PUBLIC_ORIGIN"];
  return target ? { "/api": { target, changeOrigin: true, headers: { origin: target } } } : {};
}

export default defineConfig(({ mode }) => ({
  plugins: [precompress()],
  server: { host: "127.0.0.1", proxy: api(mode) },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // The content security policy allows no data: URLs, and every supported browser preloads modules by itself.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
}));
