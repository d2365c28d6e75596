#!/usr/bin/env node
// Turns the built dashboard into a C header: embed-dashboard.mjs INDIR OUTHEADER
//
// Each file is stored as it is, and compressed where that is smaller, so that the server compresses nothing. The bytes are string
// literals: a compiler reads those many times faster than lists of numbers.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const MIME = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".webmanifest": "application/manifest+json",
};
const LINE_BYTES = 4096;

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

// Octal escapes of three digits end by themselves, whatever follows; printable text stays readable. "?" is escaped because of
// trigraphs.
const ESCAPES = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  if (char === '"' || char === "\\") return `\\${char}`;
  if (char === "\n") return "\\n";
  if (byte < 0x20 || byte > 0x7e || char === "?") return `\\${byte.toString(8).padStart(3, "0")}`;
  return char;
});

function literal(bytes) {
  const lines = [];
  for (let from = 0; from < bytes.length; from += LINE_BYTES) {
    let line = "";
    for (const byte of bytes.subarray(from, from + LINE_BYTES)) line += ESCAPES[byte];
    lines.push(`    "${line}"`);
  }
  return lines.length === 0 ? '    ""' : lines.join("\n");
}

function smaller(compressed, original) {
  return compressed.length < original.length ? compressed : null;
}

const [input, output] = process.argv.slice(2);
if (input === undefined || output === undefined) {
  console.error("usage: embed-dashboard.mjs INDIR OUTHEADER");
  process.exit(2);
}

// Names are compared byte by byte, as the server's binary search does. Dot files are the build's own.
const files = filesBelow(input)
  .map((file) => ({ file, path: `/${relative(input, file).split(sep).join("/")}` }))
  .filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")))
  .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
if (!files.some(({ path }) => path === "/index.html")) {
  console.error(`embed-dashboard: ${input} holds no index.html`);
  process.exit(1);
}

const arrays = [];
const rows = [];
for (const [i, { file, path }] of files.entries()) {
  const identity = readFileSync(file);
  const gzip = smaller(gzipSync(identity, { level: 9 }), identity);
  const br = smaller(
    brotliCompressSync(identity, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: identity.length,
      },
    }),
    identity,
  );
  const etag = createHash("sha256").update(identity).digest("hex").slice(0, 16);
  const immutable = path.startsWith("/assets/") ? 1 : 0;
  const mime = MIME[extname(path)] ?? "application/octet-stream";
  const stored = (name, bytes) => {
    if (bytes === null) return "NULL, 0";
    arrays.push(`static const char dashboard_${i}_${name}[] =\n${literal(bytes)};`);
    return `(const unsigned char *)dashboard_${i}_${name}, ${bytes.length}`;
  };
  rows.push(
    `    {"${path}", "${mime}", "W/\\"${etag}\\"", ${stored("identity", identity)}, ${stored("gzip", gzip)}, ${stored("br", br)}, ${immutable}},`,
  );
}

writeFileSync(
  output,
  `// Written by scripts/embed-dashboard.mjs: the dashboard's files, sorted by path.
#ifndef HW_GEN_DASHBOARD_H
#define HW_GEN_DASHBOARD_H

#include <stddef.h>

struct dashboard_file {
    const char *path; // as requested, "/index.html"
    const char *mime;
    const char *etag; // as the header carries it; weak, because one stands for all three encodings
    const unsigned char *identity;
    size_t identity_len;
    const unsigned char *gzip; // NULL where compressing does not make it smaller
    size_t gzip_len;
    const unsigned char *br;
    size_t br_len;
    int immutable; // its name changes with its contents
};

// C promises no more than 4095 characters a literal; gcc and clang take any length.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"

${arrays.join("\n\n")}

#pragma GCC diagnostic pop

static const struct dashboard_file dashboard_files[] = {
${rows.join("\n")}
};
static const size_t dashboard_file_count = sizeof dashboard_files / sizeof dashboard_files[0];

#endif
`,
);
