// A hub of the tests' own, which speaks as much of the Hugging Face protocol as downloads use: what a revision holds, and its files,
// with ranges and ETags. `behave` puts itself before every request and may do anything instead.
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after } from 'node:test';
import path from 'node:path';
import { sample } from './headway.mjs';

const running = new Set();
after(async () => {
  for (const hub of running) await hub.stop();
});

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const gitName = (bytes) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
const LARGE = 64 << 10; // from here on a file is told by its SHA-256, as Git LFS does

export class Hub {
  static async start() {
    const hub = new Hub();
    hub.repos = new Map(); // "models/owner/name" → {commit, files: Map}
    hub.requests = []; // {method, url, range, ifRange, authorization}
    hub.behave = () => false;
    hub.server = createServer((req, res) => hub.serve(req, res).catch((error) => res.destroy(error)));
    await new Promise((resolve) => hub.server.listen(0, '127.0.0.1', resolve));
    hub.url = `http://127.0.0.1:${hub.server.address().port}`;
    running.add(hub);
    return hub;
  }

  async stop() {
    running.delete(this);
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  // files: {name: Buffer or string}
  put(kind, id, files) {
    const all = new Map(Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes)]));
    const commit = createHash('sha1').update(JSON.stringify([...all].map(([name, bytes]) => [name, sha256(bytes)]))).digest('hex');
    const repo = { commit, files: all };
    this.repos.set(`${kind}/${id}`, repo);
    return repo;
  }

  async putSampleModel(id = 'test/gpt2-tiny', more = {}) {
    const folder = path.join(sample, 'model');
    const files = {};
    for (const name of await readdir(folder)) files[name] = await readFile(path.join(folder, name));
    return this.put('models', id, { ...files, ...more });
  }

  static listing(repo) {
    return {
      sha: repo.commit,
      siblings: [...repo.files].map(([rfilename, bytes]) => ({
        rfilename,
        size: bytes.length,
        blobId: gitName(bytes),
        ...(bytes.length >= LARGE ? { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 135 } } : {}),
      })),
    };
  }

  asked(part) {
    return this.requests.filter((it) => it.url.includes(part));
  }

  async serve(req, res) {
    const url = decodeURIComponent(req.url);
    this.requests.push({ method: req.method, url, range: req.headers.range, ifRange: req.headers['if-range'], authorization: req.headers.authorization });
    const listed = /^\/api\/(models|datasets)\/(.+)\/revision\/([^?]+)/.exec(url);
    const wanted = /^\/(datasets\/)?(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(url);
    const repo = listed ? this.repos.get(`${listed[1]}/${listed[2]}`) : wanted && this.repos.get(`${wanted[1] ? 'datasets' : 'models'}/${wanted[2]}`);
    const file = wanted?.[4];
    if (await this.behave({ req, res, url, repo, file, hub: this })) return;
    const revision = (listed ?? wanted)?.[3];
    if (!repo || !['main', repo.commit].includes(revision)) return this.say(res, 404, { error: 'Repository not found' });
    if (listed) return this.say(res, 200, Hub.listing(repo));
    if (!repo.files.has(file)) return this.say(res, 404, { error: 'Entry not found' });
    this.sendFile(req, res, repo.files.get(file));
  }

  say(res, status, body) {
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(JSON.stringify(body));
  }

  // Of the bytes what was asked for; `options.cut`: the connection is cut after so many of them, `stall`: it falls silent.
  sendFile(req, res, bytes, { etag = `"${sha256(bytes)}"`, ranges = true, cut = Infinity, stall = Infinity } = {}) {
    const range = /^bytes=(\d+)-$/.exec(req.headers.range ?? '');
    const may = ranges && range && [undefined, etag].includes(req.headers['if-range']);
    const from = may ? Number(range[1]) : 0;
    if (may && from >= bytes.length) {
      res.writeHead(416, { 'content-range': `bytes */${bytes.length}` });
      return res.end();
    }
    const part = bytes.subarray(from);
    const head = { etag, 'content-length': part.length, 'accept-ranges': 'bytes' };
    res.writeHead(may ? 206 : 200, may ? { ...head, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : head);
    const most = Math.min(cut, stall);
    if (part.length <= most) return res.end(part);
    res.write(part.subarray(0, most), () => {
      if (cut <= stall) res.destroy();
    });
  }
}
